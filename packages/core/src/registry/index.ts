export {
  defineDomain,
  type AggregateOf,
  type AggregateTypeOf,
  type Domain,
  type EventsOfType,
  type ProjectionNameOf,
  type ProjectionOf,
} from './define-domain.ts'
export type { JsonSchema, PayloadJsonSchema, PayloadJsonSchemas } from './json-schemas.ts'
export { checkNaming, type NamingConvention } from './naming-convention.ts'
export { nearest } from './nearest.ts'
export { Registry, type RegistryOptions } from './registry.ts'
