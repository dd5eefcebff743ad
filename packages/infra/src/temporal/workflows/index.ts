export { cairnEntity } from './entity-workflow.ts'
export { cairnProcess } from './process-workflow.ts'
