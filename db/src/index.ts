/** The folder that holds `migrations/`, `functions/`, `views/` and `policies/`, as an absolute `file:` URL with a trailing slash. */
export const sqlFolder: URL = new URL('../', import.meta.url)
