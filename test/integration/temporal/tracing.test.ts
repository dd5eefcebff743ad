import { fileURLToPath } from 'node:url'
import { provideTemporal } from '@cairn/testing/services'
import { Resource } from '@opentelemetry/resources'
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node'
import { makeWorkflowExporter, OpenTelemetryActivityInboundInterceptor } from '@temporalio/interceptors-opentelemetry'
import { afterAll, expect, test } from 'vitest'
import { testDatabase } from '../../support/test-database.ts'
import { note } from './support/journal.ts'
import { openScheduler, openStores, startWorker } from './support/temporal-rig.ts'

const exporter = new InMemorySpanExporter()
const processor = new SimpleSpanProcessor(exporter)
const resource = new Resource({ 'service.name': 'test' })
// Temporal's interceptors pass the context on by what the process has registered.
const provider = new NodeTracerProvider({ resource, spanProcessors: [processor] })
provider.register()
const tracer = provider.getTracer('test')

const database = await testDatabase()
const server = await provideTemporal()
const stores = await openStores(database)
const worker = await startWorker(server.address, stores, {
  interceptors: { activity: [(ctx) => ({ inbound: new OpenTelemetryActivityInboundInterceptor(ctx, { tracer }) })] },
  workflowInterceptorModules: [fileURLToPath(import.meta.resolve('@temporalio/interceptors-opentelemetry/lib/workflow-interceptors'))],
  tuning: { sinks: { exporter: makeWorkflowExporter(processor, resource) } },
})
const { scheduler, close } = openScheduler(server.address, stores)
afterAll(async () => {
  await close()
  await worker.shutdown()
  await stores.close()
  await server.stop()
})

const spanOf = (name: string) => exporter.getFinishedSpans().find((span) => span.name === name)

test('the interceptors of a worker trace Cairn’s workflows in the sandbox, and the activities that they lead to', async () => {
  expect(await scheduler.schedule(note('t', 'traced', 'one'))).toMatchObject({ status: 'processed' })
  // The sandbox' spans come out at the end of a workflow task, after the caller has the answer.
  await expect.poll(() => spanOf('StartActivity:cairnExecuteCommands')).toBeDefined()
  const [inWorkflow, inActivity] = [spanOf('StartActivity:cairnExecuteCommands'), spanOf('RunActivity:cairnExecuteCommands')]
  expect(inActivity?.attributes).toMatchObject({ temporalWorkflowId: 't_journal-traced' })
  expect(inActivity?.parentSpanId).toBeDefined()
  expect(inActivity?.parentSpanId).toBe(inWorkflow?.spanContext().spanId)
  expect(inActivity?.spanContext().traceId).toBe(inWorkflow?.spanContext().traceId)
})
