import { DefinitionError } from '../errors/domain.ts'

const aggregatePattern = /^(?:[a-z][a-z0-9]*(?:-[a-z0-9]+)*|[A-Z][A-Za-z0-9]*)$/
const namePattern = /^[A-Za-z][A-Za-z0-9]*$/

/** @throws DefinitionError unless the type is 'order', 'order-line' or 'OrderLine' */
export function checkAggregateType(aggregateType: string): void {
  if (typeof aggregateType === 'string' && aggregatePattern.test(aggregateType) && aggregateType.length <= 100) return
  throw new DefinitionError(
    `"${aggregateType}" cannot name an aggregate: use lower-case words joined by hyphens ('order-line') or one word in PascalCase ('OrderLine'), at most 100 characters.`,
    { aggregateType },
  )
}

/** @throws DefinitionError unless the name is one word in camelCase or PascalCase that the set does not need itself */
export function checkName(kind: 'event' | 'command', aggregateType: string, name: string, reserved: ReadonlySet<string>): void {
  if (reserved.has(name)) {
    throw new DefinitionError(`"${name}" cannot name an ${kind} of ${aggregateType}: the set has a member of that name. Choose another.`, {
      name,
    })
  }
  if (namePattern.test(name) && name.length <= 100) return
  throw new DefinitionError(
    `"${name}" cannot name an ${kind} of ${aggregateType}: use one word in camelCase or PascalCase, letters and digits, at most 100 characters.`,
    { name },
  )
}

/** The field of a command that carries the aggregate's id: 'order' → 'orderId', 'order-line' and 'OrderLine' → 'orderLineId'. */
export function idFieldOf(aggregateType: string): string {
  const camel = aggregateType.replace(/-([a-z0-9])/g, (_, c: string) => c.toUpperCase())
  return `${camel.charAt(0).toLowerCase()}${camel.slice(1)}Id`
}

/** The type of `idFieldOf`. */
export type IdField<A extends string> = `${Uncapitalize<CamelCase<A>>}Id`
type CamelCase<A extends string> = A extends `${infer H}-${infer T}` ? `${H}${Capitalize<CamelCase<T>>}` : A
