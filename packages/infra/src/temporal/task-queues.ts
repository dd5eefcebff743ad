/** Which task queue serves which tenant: one for all, or one each ('tenant-acme'), so that tenants can have workers of their own. */
export type TaskQueues =
  | { readonly kind: 'shared'; readonly name: string }
  | {
      readonly kind: 'tenant'
      /** The tenants whose queues this process' worker serves; a client needs none. */
      readonly tenants: readonly string[]
    }

export const sharedQueue: TaskQueues = { kind: 'shared', name: 'cairn' }

export function taskQueueOf(queues: TaskQueues, tenantId: string): string {
  return queues.kind === 'shared' ? queues.name : `tenant-${tenantId}`
}

/** The queues that a worker polls. */
export function queuesToServe(queues: TaskQueues): readonly string[] {
  return queues.kind === 'shared' ? [queues.name] : [...new Set(queues.tenants)].map((tenant) => `tenant-${tenant}`)
}

/** The tenants named by ACTIVE_TENANTS, separated by commas. */
export function activeTenants(env: Readonly<Record<string, string | undefined>>): readonly string[] {
  return (env['ACTIVE_TENANTS'] ?? '')
    .split(',')
    .map((tenant) => tenant.trim())
    .filter((tenant) => tenant !== '')
}
