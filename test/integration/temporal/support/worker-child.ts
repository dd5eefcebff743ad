import { openStores, startWorker } from './temporal-rig.ts'

/** A worker as a process of its own; prints a line when it runs, ends with its input, and is there to be killed. */
const plan = JSON.parse(process.env['CAIRN_TEST_PLAN'] ?? '{}')
const stores = await openStores(plan.database)
const worker = await startWorker(plan.address, stores)
console.log('running')
process.stdin.resume().on('end', () => void worker.shutdown().then(() => stores.close()))
