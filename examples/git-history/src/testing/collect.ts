/** Everything that a stream gives. */
export async function collect<T>(from: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of from) all.push(item)
  return all
}
