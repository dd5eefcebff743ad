export { defaultMaxPayloadBytes, encodePayload, maxPayloadDepth } from './encode-payload.ts'
export { assertEventToStore, assertMetadata, encodeMetadata, maxMetadataBytes } from './event-to-store.ts'
export { assertAggregateId, assertStreamKey, assertTenantId, assertUuid, maxIdLength } from './ids.ts'
export { assertExpectedVersion, assertVersion } from './versions.ts'
