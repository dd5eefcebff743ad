import { proxyActivities, proxyLocalActivities } from '@temporalio/workflow'
import type { BareActivities } from './bare-activities.ts'

// Runs in Temporal's sandbox: a workflow with one activity, and nothing else.

const { insertLine } = proxyActivities<BareActivities>({ startToCloseTimeout: '1 minute' })
const { insertLine: insertLineLocally } = proxyLocalActivities<BareActivities>({ startToCloseTimeout: '1 minute' })

export async function oneActivity(n: number): Promise<number> {
  return await insertLine(n)
}

export async function oneLocalActivity(n: number): Promise<number> {
  return await insertLineLocally(n)
}
