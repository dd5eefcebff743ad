export { hashCommand } from './hash-command.ts'
export { derivedUuid, isUuid, uuidv7 } from './uuid.ts'
