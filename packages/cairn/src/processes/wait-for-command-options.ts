export interface WaitForCommandOptions {
  /** @default the default tenant, where one is set; otherwise a tenant must be named */
  readonly tenantId?: string | undefined
  /** Milliseconds. @default 10_000 */
  readonly timeoutMs?: number | undefined
}
