/** Roles that begin so are Cairn's own: no caller may come with one. */
export const ownRolePrefix = 'cairn:'
