import type { Progress } from '../ports/subscription-store.port.ts'
import { assertTenantId, assertUuid } from './ids.ts'
import { assertVersion } from './versions.ts'

/** What a partition's transaction leaves behind. @throws InvalidInputError unless its positions and ids are such */
export function assertProgress({ checkpoint, park = [], unpark = [] }: Progress): void {
  if (checkpoint !== undefined) assertVersion('checkpoint', checkpoint)
  for (const position of unpark) assertVersion('unpark', position)
  for (const { position, eventId, tenantId } of park) {
    assertVersion('position', position)
    assertUuid('eventId', eventId)
    assertTenantId(tenantId)
  }
}
