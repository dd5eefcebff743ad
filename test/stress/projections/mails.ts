import { createHash } from 'node:crypto'
import type { Cairn } from '@cairn/cairn'
import type { Client } from 'pg'
import type { CheckDatabase } from '../support/check-database.ts'

export const mails = 'mails'

/** What a plain, transactional handler leaves behind: a row for each event that it handled. Nothing in the table stops a second one. */
export async function makeMailsTable(admin: Client): Promise<void> {
  await admin.query(`create table public.mails (number bigserial primary key, event_id uuid, position bigint, stream text);
    grant insert on public.mails to public; grant usage on sequence public.mails_number_seq to public`)
}

/** Sends mails; those of some events fail, and are set aside, until they are tried again on request. */
export async function sendMails(app: Cairn): Promise<void> {
  await app.subscribe(
    mails,
    { types: '*', from: 'start', partitions: 4, transactional: true, retry: { attempts: 1 } },
    async ({ id, position, tenantId, aggregateType, aggregateId }, { sql, retried }) => {
      if (!retried && failsAtFirst(id)) throw new Error('The mail server is away.')
      await sql`insert into public.mails (event_id, position, stream) values (${id}, ${position}, ${`${tenantId}/${aggregateType}/${aggregateId}`})`
    },
  )
}

/** About one in so many. */
const oneIn = 60

function failsAtFirst(eventId: string): boolean {
  return createHash('sha256').update(eventId).digest().readUInt32BE(0) % oneIn === 0
}

export interface MailCounts {
  readonly events: number
  /** Events without a mail. */
  readonly lost: number
  /** Mails beyond the first of an event. */
  readonly doubled: number
  /** Mails of a stream that went out before that of an earlier event. */
  readonly reordered: number
}

/** Compares the table with the log. */
export async function countMails(admin: Client, { schema }: CheckDatabase): Promise<MailCounts> {
  const { rows } = await admin.query<{ [K in keyof MailCounts]: string }>(`
    select (select count(*) from ${schema}.events) as events,
           (select count(*) from ${schema}.events e where not exists (select from public.mails m where m.event_id = e.id)) as lost,
           (select count(*) - count(distinct event_id) from public.mails) as doubled,
           (select count(*) from (select position < lag(position) over (partition by stream order by number) as back from public.mails) m where back) as reordered`)
  const [row] = rows
  return { events: Number(row?.events), lost: Number(row?.lost), doubled: Number(row?.doubled), reordered: Number(row?.reordered) }
}
