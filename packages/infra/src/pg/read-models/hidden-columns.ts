/** Columns of every physical table beside those that its projection declares. Views leave out the last two. */
export const tenantColumn = 'tenant_id'
export const positionColumn = 'last_position'
export const partitionColumn = 'partition'
