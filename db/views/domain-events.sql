-- The log under the name and columns of an older system.
create or replace view domain_events with (security_invoker = true) as
select e.id, e.type as event_type, split_part(e.type, '.', 1) as domain, e.aggregate_id, e.aggregate_type, e.payload, e.metadata,
       e.recorded_at as occurred_at, e.tenant_id, e.version, e.position
  from events e;
