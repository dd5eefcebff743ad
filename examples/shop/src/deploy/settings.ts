import type { SchedulerOption } from '@cairn/cairn'
import { activeTenants, temporal } from '@cairn/infra/temporal'

type Environment = Readonly<Record<string, string | undefined>>

/**
 * A process of this image is told what it is by its environment alone. Without TEMPORAL_ADDR, PostgreSQL carries commands out, for
 * all tenants. With it a worker serves one queue, TASK_QUEUE (`shop` unless named), or those of ACTIVE_TENANTS where QUEUES=tenant.
 * What sends must have the same QUEUES and TASK_QUEUE as what works.
 */
export function schedulerFrom(env: Environment): SchedulerOption {
  if (named(env, 'TEMPORAL_ADDR') === undefined) return 'postgres'
  return temporal({
    address: named(env, 'TEMPORAL_ADDR'),
    namespace: named(env, 'TEMPORAL_NAMESPACE'),
    taskQueues:
      named(env, 'QUEUES') === 'tenant'
        ? { kind: 'tenant', tenants: activeTenants(env) }
        : { kind: 'shared', name: named(env, 'TASK_QUEUE') ?? 'shop' },
    worker: { shutdownGraceMs: 10_000 },
  })
}

/** A container has no disk to keep an embedded PostgreSQL on. */
export function assertDatabase(env: Environment): void {
  if (named(env, 'DATABASE_URL') === undefined) throw new Error('DATABASE_URL is not set: the address of a PostgreSQL.')
}

/** Several apps may share a database, each with a schema of its own. */
export function schemaFrom(env: Environment): string {
  return named(env, 'CAIRN_SCHEMA') ?? 'cairn'
}

export function healthPort(env: Environment): number {
  return Number(named(env, 'HEALTH_PORT') ?? 8080)
}

/** Compose and Kubernetes write a variable without a value as an empty one. */
function named(env: Environment, name: string): string | undefined {
  return env[name] === '' ? undefined : env[name]
}
