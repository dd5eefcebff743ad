/** What a superuser counts in Cairn's tables. */
export const cairnCounts = (schema: string) => ({
  events: `select count(*) as n from ${schema}.events`,
  receipts: `select count(*) as n from ${schema}.commands`,
  brokenStreams: `select count(*) as n from (select 1 from ${schema}.events group by stream_id
    having min(version) <> 1 or max(version) <> count(*)) s`,
})
