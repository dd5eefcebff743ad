import { sleep } from '@temporalio/workflow'
import { cairnEntity as entity, cairnProcess as process } from '@cairn/infra/temporal/workflows'

// What a careless change would be: a step that histories of before do not have.

export async function cairnEntity(input: Parameters<typeof entity>[0]): Promise<void> {
  await sleep(1)
  return entity(input)
}

export async function cairnProcess(input: Parameters<typeof process>[0]): Promise<void> {
  await sleep(1)
  return process(input)
}
