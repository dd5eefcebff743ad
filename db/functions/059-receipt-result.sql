-- What a worker would have written down as the result of a command that took effect without a row of its own: storedResult of core.
-- Said here, and not left to a worker: who carries the type out by now may not be who reads receipts, and would do it a second time.
create or replace function receipt_result(c commands, p_aggregate_id text) returns jsonb
language sql stable
set search_path from current
set enable_seqscan = off
set jit = off
as $$
  select jsonb_build_object(
    'aggregateId', p_aggregate_id, 'version', c.version, 'position', coalesce(c.position, 0),
    'eventIds', coalesce((select jsonb_agg(e.id order by e.version) from events e
                           where e.stream_id = c.stream_id and e.version between c.first_version and c.version), '[]'))
$$;
