import { describe, expect, it } from 'vitest'
import { readCommandLine } from './command-line.ts'
import { resumeCommand } from './resume-command.ts'

function read(...args: readonly string[]) {
  const said: string[] = []
  const line = readCommandLine(args, { out: (text) => said.push(text), error: (text) => said.push(text) })
  return { line, said: said.join('') }
}

describe('the command line', () => {
  it('takes names and options', () => {
    expect(read('order-summary', '--tenant', 'acme', '--from-scratch', '--parallel', '4', '--json').line).toMatchObject({
      action: 'rebuild',
      names: ['order-summary'],
      tenant: 'acme',
      fromScratch: true,
      parallel: 4,
      json: true,
      throttle: true,
    })
    expect(read('--lint', '--fix').line).toMatchObject({ action: 'lint', fix: true })
    expect(read('--all', '--no-throttle').line).toMatchObject({ all: true, throttle: false })
  })

  it.each(['rollback', 'status', 'drift', 'repair', 'lint'])('does %s instead of a rebuild', (action) => {
    expect(read(`--${action}`).line).toMatchObject({ action })
  })

  it.each([
    [['--frm-scratch'], /unknown option '--frm-scratch'[\s\S]*--from-scratch/],
    [['--parallel', '0'], /whole number from 1 to 16/],
    [['--tenant'], /argument missing/],
    [['--status', '--drift'], /cannot be used with/],
    [['--fix'], /'--fix' is of --lint/],
    [['--drift-report', 'drift.json', '--all'], /cannot be used with/],
    [['--drift-report', 'drift.json', 'order-summary'], /names the projections itself/],
    [['--all', '--tenant', 'acme', '--park'], /'--park' is not for --tenant/],
    [['--drift', '--fix'], /'--fix' is of --lint/],
    [
      ['order-summary', '--rollback', '--dry-run'],
      /option '--dry-run' is for a rebuild, and --rollback does not heed it\. Nothing was done/,
    ],
    [
      ['--lint', '--fix', '--dry-run', '--tenant', 'acme'],
      /options '--tenant', '--dry-run' are for a rebuild, and --lint does not heed them/,
    ],
    [['--all', '--outdated', '--rollback'], /'--outdated' is for a rebuild/],
  ])('refuses %j with 2 and the usage line', (args, message) => {
    const { line, said } = read(...args)
    expect(line).toEqual({ exitCode: 2 })
    expect(said).toMatch(message)
    expect(said).toContain('Usage: rebuild-projections')
  })

  it.each(['rollback', 'status', 'drift', 'repair', 'lint'])('refuses with --%s what only a rebuild heeds', (action) => {
    const ofRebuild = [
      ['--outdated'],
      ['--tenant', 'acme'],
      ['--from-scratch'],
      ['--parallel', '2'],
      ['--dry-run'],
      ['--in-place'],
      ['--no-throttle'],
      ['--recreate-dependents'],
      ['--verify'],
      ['--park'],
    ]
    for (const option of ofRebuild) {
      expect(read('order-summary', ...option).line).toMatchObject({ action: 'rebuild' })
      // A rollback is a switch, too.
      if (action === 'rollback' && option[0] === '--recreate-dependents') continue
      const { line, said } = read('order-summary', `--${action}`, ...option)
      expect({ option, line }).toEqual({ option, line: { exitCode: 2 } })
      expect(said).toContain(`'${option[0]}' is for a rebuild, and --${action} does not heed it`)
    }
    expect(read('order-summary', '--all', '--json', '--config', 'c.ts', `--${action}`).line).toMatchObject({ action })
  })

  it('takes --recreate-dependents with --rollback', () => {
    expect(read('order-summary', '--rollback', '--recreate-dependents').line).toMatchObject({
      action: 'rollback',
      recreateDependents: true,
    })
  })

  it('takes --dry-run with --drift-report', () => {
    expect(read('--drift-report', 'drift.json', '--dry-run').line).toMatchObject({ action: 'rebuild', dryRun: true })
  })

  it('prints its help with examples and the exit codes, and leaves with 0', () => {
    const { line, said } = read('--help')
    expect(line).toEqual({ exitCode: 0 })
    expect(said).toContain('rebuild-projections --all --outdated')
    expect(said).toContain('130')
    expect(Math.max(...said.split('\n').map((text) => text.length))).toBeLessThanOrEqual(100)
  })
})

describe('the command that goes on', () => {
  it('is the same one, but not from scratch', () => {
    expect(resumeCommand(['order-summary', '--from-scratch', '--config', 'conf/cairn.config.ts'])).toBe(
      'rebuild-projections order-summary --config conf/cairn.config.ts',
    )
  })

  it('quotes what a shell would take apart', () => {
    expect(resumeCommand(['--all', '--tenant', "it's me"])).toBe(String.raw`rebuild-projections --all --tenant 'it'\''s me'`)
  })
})
