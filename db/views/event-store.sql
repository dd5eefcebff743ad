-- The log under the name and columns of an older system.
create or replace view event_store with (security_invoker = true) as
select e.id, e.type as event_type, e.tenant_id, e.payload, e.recorded_at as "timestamp", e.recorded_at as created_at,
       e.position as sequence_number, e.job_id, e.workflow_id
  from events e;
