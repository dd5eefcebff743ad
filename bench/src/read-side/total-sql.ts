/** The table and the upsert of everybody who writes event by event. */
export const createTotals = (table: string): string =>
  `create table ${table} (basket_id text primary key, lines int not null, total int not null)`

/** $1 basket, $2 what the line costs */
export const upsertTotal = (table: string): string =>
  `insert into ${table} (basket_id, lines, total) values ($1, 1, $2)
   on conflict (basket_id) do update set lines = ${table}.lines + 1, total = ${table}.total + excluded.total`
