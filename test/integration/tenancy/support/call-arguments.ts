import { randomUUID } from 'node:crypto'
import type { CatalogFunction } from './catalog.ts'
import { bravo, hiddenMark, type SignedContext, type TwoTenants } from './two-tenants.ts'

/** Whom a call claims to be, and whom it asks about. */
export interface Claim {
  readonly context: SignedContext | undefined
  /** For functions that name the tenant. */
  readonly tenant: string | null
  /** For functions that take places in the context's tenants, from 1. */
  readonly place: number | null
}

/** What each argument must be to reach the victim's rows, by `function.argument`, else by `argument type`. Null is a filter that is off. */
function valuesFor(claim: Claim, { bravoCommands }: TwoTenants): Readonly<Record<string, unknown>> {
  const type = `${hiddenMark}-type`
  const id = `${hiddenMark}-1`
  return {
    'p_context text': claim.context?.context ?? null,
    'p_signature text': claim.context?.signature ?? null,
    'p_tenant text': claim.tenant,
    'p_tenant integer[]': [claim.place],
    'p_type text': type,
    'p_type text[]': [type],
    'p_id text': id,
    'p_id text[]': [id],
    'p_id uuid': bravoCommands.pending,
    'command_delete.p_id': bravoCommands.finished,
    'command_upsert.p_id': randomUUID(),
    'command_hand_over.p_id': randomUUID(),
    'p_ids uuid[]': [bravoCommands.receipt],
    'commands_take.p_ids': [bravoCommands.pending],
    'commands_get.p_ids': [bravoCommands.pending],
    'commands_upsert.p_commands': JSON.stringify([[randomUUID(), '00'.repeat(32), type, type, id, {}, {}]]),
    'commands_finish.p_changes': JSON.stringify([[bravoCommands.pending, 'failed', null, {}]]),
    // An id that was used with other content: what the call answers then is what it found.
    'enqueue_own_commands.p_commands': JSON.stringify([
      [claim.tenant, bravoCommands.pending, '00'.repeat(32), type, type, id, {}, {}, null],
    ]),
    'cancel_own_commands.p_ids': [bravoCommands.pending],
    'p_due_at timestamp with time zone': null,
    'p_expected bigint': -1,
    'p_expected bigint[]': [-1],
    'p_count integer[]': [1],
    'p_careful boolean': false,
    'p_wait_ms integer': 0,
    'r_append integer[]': [1],
    'r_id uuid[]': [randomUUID()],
    'r_hash bytea[]': [Buffer.alloc(32)],
    'r_offset integer[]': [0],
    'r_count integer[]': [1],
    'r_last integer[]': [1],
    'r_audit jsonb[]': [null],
    'e_append integer[]': [1],
    'e_ordinal integer[]': [1],
    'e_id uuid[]': [randomUUID()],
    'e_type text[]': ['written.by-another'],
    'e_payload text': '{}',
    'e_metadata text': '{}',
    'e_metadata integer[]': [1],
    'p_metadata text': '{}',
    's_append integer[]': [1],
    's_version bigint[]': [2],
    's_version bigint': 2,
    's_schema integer[]': [1],
    's_schema integer': 1,
    's_state jsonb[]': ['{}'],
    's_state jsonb': '{}',
    'p_after bigint[]': [-1],
    'p_after bigint': 0,
    'p_after uuid': null,
    'p_limit integer': 100,
    'p_from bigint': 1,
    'p_to bigint': 100,
    'p_until timestamp with time zone': 'infinity',
    'p_from timestamp with time zone': null,
    'p_to timestamp with time zone': null,
    'p_types text[]': null,
    'p_aggregate_type text': type,
    'p_aggregate_id text': id,
    'p_correlation text': hiddenMark,
    'p_workflow text': hiddenMark,
    'p_user text': hiddenMark,
    'p_project text': hiddenMark,
    'p_cursor bigint': null,
    'p_newest_first boolean': false,
    'p_page boolean': false,
    'p_scope text': `${hiddenMark}-scope`,
    'p_key text': `${hiddenMark}-key`,
    'reserve.p_key': 'not-yet-taken',
    'p_query text': 'select payload::text from events where tenant_id = $1[1]',
    'p_values text[]': [bravo],
    'p_hash bytea': Buffer.alloc(32),
    'p_payload jsonb': '{}',
    'p_metadata jsonb': '{}',
    'p_status text': 'pending',
    'command_mark.p_status': 'failed',
    'p_result jsonb': null,
    'p_error jsonb': '{}',
  }
}

/** The text and values of a call, as the first argument and the second of a query. */
export function callOf(schema: string, fn: CatalogFunction, claim: Claim, tenants: TwoTenants): [text: string, values: unknown[]] {
  const values = valuesFor(claim, tenants)
  const list = fn.arguments.map(({ name, type }) => {
    for (const key of [`${fn.name}.${name}`, `${name} ${type}`]) if (key in values) return values[key]
    throw new Error(
      `No value for the argument "${name} ${type}" of ${fn.signature}: add one to valuesFor, such that it reaches the victim's rows.`,
    )
  })
  const places = fn.arguments.map(({ type }, i) => `$${i + 1}::${type}`)
  return [`select * from ${schema}.${fn.name}(${places.join(', ')})`, list]
}
