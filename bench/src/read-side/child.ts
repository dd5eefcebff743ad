import type { Job, JobAnswers, JobReply } from './job.ts'

// One job alone in one process: its memory is its own, and no other system's garbage disturbs its time.

async function run(job: Job): Promise<JobAnswers[Job['kind']]> {
  switch (job.kind) {
    case 'cairn-rebuild':
      return (await import('./jobs/cairn-rebuild.ts')).cairnRebuild(job)
    case 'sql-statement':
      return (await import('./jobs/sql-statement.ts')).sqlStatement(job)
    case 'upserts':
      return (await import('./jobs/upserts.ts')).upserts(job)
    case 'emmett-rebuild':
      return (await import('./jobs/emmett-rebuild.ts')).emmettRebuild(job)
    case 'evtstore-handler':
      return (await import('./jobs/evtstore-handler.ts')).evtstoreHandler(job)
    case 'tail':
      return (await import('./jobs/tail.ts')).tail(job)
    case 'fan-out':
      return (await import('./jobs/fan-out.ts')).fanOut(job)
    case 'async-commands':
      return (await import('./jobs/async-commands.ts')).asyncCommands(job)
    case 'bare-jobs':
      return (await import('./jobs/bare-jobs.ts')).bareJobs(job)
    case 'temporal-commands':
      return (await import('./jobs/temporal-commands.ts')).temporalCommands(job)
    case 'bare-workflows':
      return (await import('./jobs/bare-workflows.ts')).bareWorkflows(job)
  }
}

async function reply(job: Job): Promise<void> {
  let answer: JobReply
  try {
    answer = { ok: true, done: { answer: await run(job), peakMiB: Math.round(process.resourceUsage().maxRSS / 1024) } }
  } catch (error) {
    answer = { ok: false, error: error instanceof Error ? (error.stack ?? error.message) : String(error) }
  }
  // evtstore's handler keeps a timer for ever.
  process.send?.(answer, () => process.exit(0))
}

process.once('message', (job: Job) => void reply(job))
// Ctrl-C reaches the whole process group; the parent decides.
process.on('SIGINT', () => undefined)
process.on('disconnect', () => process.exit(0))
