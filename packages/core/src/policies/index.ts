export { Policies, type AllowOptions, type PolicyCondition, type PolicyContext, type PolicyWhen } from './policies.ts'
