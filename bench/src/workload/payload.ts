/** What every system stores per event: about 250 bytes of JSON, the same for all of them. */
export interface LineAdded {
  readonly lineId: string
  readonly product: string
  readonly quantity: number
  readonly price: number
  readonly currency: string
  readonly note: string
  readonly address: { readonly street: string; readonly city: string; readonly country: string }
}

const streets = ['Harbour Road 12', 'Mill Lane 4', 'Station Square 101', 'Old Bridge Street 7']
const cities = ['Rotterdam', 'Bergen', 'Lisbon', 'Tallinn']

/** Payload number `n`; the numbers differ so that nothing can be stored once and counted twice. */
export function lineAdded(n: number): LineAdded {
  return {
    lineId: `line-${n.toString().padStart(9, '0')}`,
    product: `product-${(n % 9973).toString().padStart(5, '0')}`,
    quantity: 1 + (n % 7),
    price: 100 + (n % 4900),
    currency: 'EUR',
    note: 'Please leave the parcel with the neighbours when nobody opens.',
    address: { street: streets[n % 4] ?? '', city: cities[(n >> 2) % 4] ?? '', country: 'NL' },
  }
}
