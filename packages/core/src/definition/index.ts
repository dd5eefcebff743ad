export type { CommandModel } from './command-model.ts'
export type {
  CommandAccepted,
  CommandDefinitions,
  CommandDomain,
  CommandFactory,
  CommandOptions,
  CommandSet,
  CommandSetLike,
  CommandSetMeta,
  CommandShape,
  CommandStored,
} from './command-set.ts'
export { creates, type Creates } from './creates.ts'
export { defineCommands } from './define-commands.ts'
export { defineEvents } from './define-events.ts'
export type { Definition, Definitions } from './definition.ts'
export type { EventModel } from './event-model.ts'
export type { EventFactory, EventSet, EventSetLike, EventSetMeta, EventsOf, NewEventsOf } from './event-set.ts'
export type { JsonValue } from './json-value.ts'
export type { IdField } from './names.ts'
export type {
  AcceptedForm,
  DomainForm,
  Encoded,
  Forms,
  FormsOf,
  PayloadArgument,
  PayloadOf,
  Simplify,
  StoredForm,
} from './payload-forms.ts'
export type { PayloadSchema } from './payload-schema.ts'
export type { InputOf, JsonSchemaLike, OutputOf, SchemaLike } from './schema-like.ts'
export { versions, type NextOptions, type Versions, type VersionStep } from './versions.ts'
