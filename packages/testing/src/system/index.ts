export { systemTest, SystemTest, systemTestCommands, systemTestEvents } from './system-test.ts'
