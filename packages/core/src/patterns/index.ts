export { typeMatcher } from './type-pattern.ts'
