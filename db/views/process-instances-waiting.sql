-- Instances that have not ended: since when nothing happened to them, what they wait for, and their next timer.
create or replace view process_instances_waiting with (security_invoker = true) as
select i.process_manager, i.tenant_id, i.instance_id, i.updated_at as waiting_since, now() - i.updated_at as waiting,
       i.waiting_for, t.timer as next_timer, t.due_at as next_timer_due_at, i.state, i.steps, i.started_at
  from process_instances i
  left join lateral (
    select e.key as timer, (e.value ->> 'dueAt')::timestamptz as due_at from jsonb_each(i.timers) e order by 2 limit 1
  ) t on true
 where i.status = 'running';
