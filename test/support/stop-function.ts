import { queryOnce } from './query-once.ts'
import type { TestFileDatabase } from './test-database.ts'

/** Each call of the schema's function ends as one that met the login's `statement_timeout`, until the answer of this is called. */
export async function stopFunction({ url, schema }: Pick<TestFileDatabase, 'url' | 'schema'>, name: string): Promise<() => Promise<void>> {
  const [found] = await queryOnce<{ types: string; args: string; result: string }>(
    url,
    `select pg_get_function_identity_arguments(oid) as types, pg_get_function_arguments(oid) as args, pg_get_function_result(oid) as result
       from pg_proc where pronamespace = '${schema}'::regnamespace and proname = '${name}'`,
  )
  if (found === undefined) throw new Error(`There is no function ${name}.`)
  const { types, args, result } = found
  await queryOnce(url, `alter function ${schema}.${name}(${types}) rename to ${name}_kept`)
  await queryOnce(
    url,
    `create function ${schema}.${name}(${args}) returns ${result} language plpgsql as
       $$begin raise exception using errcode = '57014', message = 'canceling statement due to statement timeout'; end$$`,
  )
  await queryOnce(url, `grant execute on function ${schema}.${name} to public`)
  return async () => {
    await queryOnce(url, `drop function ${schema}.${name}(${types})`)
    await queryOnce(url, `alter function ${schema}.${name}_kept(${types}) rename to ${name}`)
  }
}
