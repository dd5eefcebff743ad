import { uuidv7, type Command, type CommandStorePort, type EventStorePort, type JobSchedulerPort, type NewCommand } from '@cairn/core'

/** What a factory hands to the suite. The schedulers carry commands out on a bus that knows the domain `counting`. */
export interface JobSchedulerFixture {
  readonly scheduler: JobSchedulerPort
  /** Another process over the same data, as far as it can tell. @default `scheduler` */
  readonly rival?: JobSchedulerPort
  readonly commands: CommandStorePort
  readonly events: EventStorePort
  /** Called once, after the last case. */
  cleanup(): Promise<void>
}

/** What one case gets: tenants of its own, so that one database serves the whole suite. */
export interface JobSchedulerContext extends Omit<JobSchedulerFixture, 'rival' | 'cleanup'> {
  readonly rival: JobSchedulerPort
  readonly tenantId: string
  readonly otherTenant: string
  /** A new command as it is stored. */
  command(made: NewCommand, over?: Partial<Command>): Command
  /** What was added to a counter. */
  added(aggregateId: string, tenantId?: string): Promise<readonly unknown[]>
}

export function jobSchedulerContext({ scheduler, rival = scheduler, commands, events }: JobSchedulerFixture): JobSchedulerContext {
  const tenantId = `tenant-${uuidv7()}`
  return {
    scheduler,
    rival,
    commands,
    events,
    tenantId,
    otherTenant: `tenant-${uuidv7()}`,
    command({ id, type, aggregateType, aggregateId, payload }, over = {}) {
      const metadata = { correlationId: id, causationId: id, schemaVersion: 1 }
      return { id, tenantId, type, aggregateType, aggregateId, payload, metadata, ...over }
    },
    async added(aggregateId, of = tenantId) {
      const all: unknown[] = []
      for await (const { payload } of events.readStream({ tenantId: of, aggregateType: 'counter', aggregateId })) {
        all.push((payload as { readonly n: unknown }).n)
      }
      return all
    },
  }
}
