import { TenantMismatchError, type CommandQueuePort, type QueuedCommand } from '@cairn/core'

/** A queue that takes one tenant's commands alone. */
export class TenantCommandQueue implements CommandQueuePort {
  readonly #tenantId: string
  readonly #inner: CommandQueuePort

  constructor(tenantId: string, inner: CommandQueuePort) {
    this.#tenantId = tenantId
    this.#inner = inner
  }

  async enqueue(commands: readonly QueuedCommand[]): Promise<void> {
    for (const { command } of commands) this.#assertTenant(command.tenantId)
    await this.#inner.enqueue(commands)
  }

  async cancel(tenantId: string, ids: readonly string[]): Promise<number> {
    this.#assertTenant(tenantId)
    return this.#inner.cancel(tenantId, ids)
  }

  #assertTenant(tenantId: string): void {
    if (tenantId !== this.#tenantId) throw new TenantMismatchError(this.#tenantId, tenantId, 'A command put aside')
  }
}
