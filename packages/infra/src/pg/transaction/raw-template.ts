/** Text that is known only at run time, as a tag takes it: the parts around its parameters. Never what a user typed. */
export function rawTemplate(texts: readonly string[]): TemplateStringsArray {
  // slonik looks at `raw` and at its being frozen.
  const raw = Object.freeze([...texts])
  return Object.freeze(Object.assign([...texts], { raw }))
}
