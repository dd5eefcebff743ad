import type { Row } from './row.ts'

const appendTargets = [
  { to: 'emmett', atLeast: 5 },
  { to: 'evtstore', atLeast: 3 },
  { to: 'floor', atLeast: 0.4 },
] as const

export const rows: readonly Row[] = [
  {
    id: 'append-1',
    title: '1 caller, 1 event per append, new streams',
    unit: 'appends/s',
    shape: { kind: 'append', callers: 1, eventsPerAppend: 1, tenants: 1 },
    // "Level" with evtstore: within the noise of a run.
    targets: [
      { to: 'emmett', atLeast: 1.4 },
      { to: 'evtstore', atLeast: 0.95 },
    ],
  },
  {
    id: 'append-100',
    title: '100 callers, 1 event per append, new streams',
    unit: 'appends/s',
    shape: { kind: 'append', callers: 100, eventsPerAppend: 1, tenants: 1 },
    targets: appendTargets,
  },
  {
    id: 'append-100-tenants-50',
    title: '100 callers, 1 event per append, new streams, 50 tenants',
    unit: 'appends/s',
    shape: { kind: 'append', callers: 100, eventsPerAppend: 1, tenants: 50 },
    targets: appendTargets,
  },
  {
    id: 'append-20',
    title: '1 caller, 20 events per append, new streams',
    unit: 'appends/s',
    shape: { kind: 'append', callers: 1, eventsPerAppend: 20, tenants: 1 },
    targets: [{ to: 'emmett', atLeast: 1.4 }],
  },
  {
    id: 'append-20-100',
    title: '100 callers, 20 events per append, new streams',
    unit: 'appends/s',
    shape: { kind: 'append', callers: 100, eventsPerAppend: 20, tenants: 1 },
    targets: [{ to: 'emmett', atLeast: 1.4 }],
  },
  {
    id: 'command-100',
    title: '100 callers, load + decide + append, 1,000 aggregates of 20 events',
    unit: 'commands/s',
    shape: { kind: 'command', callers: 100, aggregates: 1000, history: 20 },
    targets: [{ to: 'emmett', atLeast: 5 }],
  },
  {
    id: 'command-hot',
    title: '100 callers on one and the same aggregate, 2 commands each',
    unit: 'commands/s',
    shape: { kind: 'hot', callers: 100, history: 20, commandsPerCaller: 2 },
    targets: [{ to: 'emmett', atLeast: 10 }],
  },
  {
    id: 'load-1000',
    title: '1 caller, state of a stream of 1,000 events',
    unit: 'loads/s',
    shape: { kind: 'load', callers: 1, events: 1000, snapshots: false },
    targets: [
      { to: 'emmett', atLeast: 2 },
      { to: 'floor', atLeast: 0.75 },
    ],
  },
  {
    id: 'load-1000-snapshot',
    title: '1 caller, state of a stream of 1,000 events, with snapshots',
    unit: 'loads/s',
    shape: { kind: 'load', callers: 1, events: 1000, snapshots: true },
    targets: [{ to: 'emmett', atLeast: 10 }],
  },
]

export const rowIds = rows.map((row) => row.id)
