import { DefinitionError } from '../errors/domain.ts'

/** How types are spelled: 'order.created' and 'order-line.priceChanged', or 'Order.Created' and 'OrderLine.PriceChanged'. */
export type NamingConvention = 'domain.action' | 'Domain.Action'

const patterns: Readonly<Record<NamingConvention, RegExp>> = {
  'domain.action': /^[a-z][a-z0-9-]*\.[a-z][A-Za-z0-9]*$/,
  'Domain.Action': /^[A-Z][A-Za-z0-9]*\.[A-Z][A-Za-z0-9]*$/,
}

/** @throws DefinitionError naming every type that does not follow the convention */
export function checkNaming(convention: NamingConvention, types: readonly string[]): void {
  const strays = types.filter((type) => !patterns[convention].test(type))
  if (strays.length === 0) return
  throw new DefinitionError(
    `Types follow the naming convention '${convention}', but these do not: ${strays.join(', ')}. ` +
      `Rename them, or choose the other convention for the whole app with { naming: '${convention === 'domain.action' ? 'Domain.Action' : 'domain.action'}' }.`,
    { convention, types: strays },
  )
}
