-- Pending commands that are due, of every tenant, behind the place (time, number, id) of an earlier page, for command pumps
-- (cairn_worker). Raw ones (written with SQL alone, not admitted) are among them. Changes nothing.
-- [[command, raw, time, number], …]; time (to the microsecond, with its era, or -infinity) and number are texts, for the next page.
create or replace function pending_commands(p_at timestamptz, p_seq bigint, p_id uuid, p_limit int) returns json
language plpgsql volatile security definer
set search_path from current
-- See claim_due_commands.
set enable_seqscan = off
set enable_bitmapscan = off
set jit = off
as $$
declare
  v_now constant timestamptz := clock_timestamp();
begin
  -- Two indexes, one each: admitted ones, and raw ones.
  return (
    select json_agg(json_build_array(command_json(t.c), (t.c).hash is null,
                                     coalesce(to_char(t.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z" BC'), t.at::text),
                                     (t.c).seq::text)
                    order by t.at, (t.c).seq, (t.c).id)
      from (
        select u.* from (
          (select c, coalesce(c.due_at, c.created_at) as at from commands c
            where c.status = 'pending' and c.hash is not null and coalesce(c.due_at, c.created_at) <= v_now
              and (c.retry_at is null or c.retry_at <= v_now)
              and (p_at is null or (coalesce(c.due_at, c.created_at), c.seq, c.id) > (p_at, p_seq, p_id))
            order by coalesce(c.due_at, c.created_at), c.seq, c.id limit p_limit)
          union all
          (select c, coalesce(c.due_at, c.created_at) as at from commands c
            where c.status = 'pending' and c.hash is null and coalesce(c.due_at, c.created_at) <= v_now
              and (p_at is null or (coalesce(c.due_at, c.created_at), c.seq, c.id) > (p_at, p_seq, p_id))
            order by coalesce(c.due_at, c.created_at), c.seq, c.id limit p_limit)
        ) u order by u.at, (u.c).seq, (u.c).id limit p_limit
      ) t);
end
$$;
