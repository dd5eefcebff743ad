import { queryOnce } from '../../../support/query-once.ts'
import { relationsIn } from './catalog.ts'

/** A fingerprint of all rows of all tables: two that are equal mean that nothing was written in between. */
export async function tableDigest(url: string, schema: string): Promise<Readonly<Record<string, string>>> {
  const tables = (await relationsIn(url, schema)).filter(({ kind }) => kind === 'table')
  const rows = await queryOnce<{ name: string; digest: string }>(
    url,
    tables
      .map(
        ({ name }) =>
          `select '${name}' as name, count(*) || md5(string_agg(t::text, '|' order by t::text)) as digest from ${schema}."${name}" t`,
      )
      .join(' union all '),
  )
  return Object.fromEntries(rows.map(({ name, digest }) => [name, digest]))
}
