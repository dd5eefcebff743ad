export { RealtimePumpBase, type PumpServices } from './realtime-pump-base.ts'
export type { PumpBatch, PumpChange, PumpConfig, PumpEventSpec, PumpOperation } from './pump-config.ts'
export type { PumpCounters, PumpState, PumpStatus } from './pump-status.ts'
export { matchesPumpFilter, parsePumpFilter, pumpFilterOperators, type PumpFilter, type PumpFilterOperator } from './pump-filter.ts'
export type { PumpDelivery, PumpIntake, PumpSourcePort, RunningPump } from './pump-source.port.ts'
export { pumpSources, type PumpSourcesParts } from './pump-sources.ts'

export { commandPump, type CommandPumpOptions } from './command-pump.ts'
export { commandHelpers, type CommandHelpers, type CommandTaker } from './command-helpers.ts'
export type { CommandAdmissionParts } from './command-admission.ts'
export { PendingCommandSource, type PendingCommandParts } from './pending-command-source.ts'
export type { PendingCommandRow, PendingCommandsPort, PendingPage, StoredPendingCommand } from './pending-commands.port.ts'

export { eventPump, type EventPumpOptions } from './event-pump.ts'
export { LogPumpSource, type LogPumpParts } from './log-pump-source.ts'

export { ChangePumpSource, type ChangePumpParts } from './change-pump-source.ts'
export { changeOfEvent, eventOfChange } from './change-event.ts'
export type { ChangeLogPort, ChangeSelection } from './change-log.port.ts'
