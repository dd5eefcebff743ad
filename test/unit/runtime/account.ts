import { aggregate, BusinessRuleViolation, creates, defineCommands, defineDomain, defineEvents } from '@cairn/core'
import { z } from 'zod'

export const accountEvents = defineEvents('account', {
  opened: z.object({ owner: z.string(), currency: z.string() }),
  deposited: z.object({ amount: z.int() }),
  withdrawn: z.object({ amount: z.int() }),
  noted: z.object({ text: z.string() }),
})

export const accountCommands = defineCommands('account', {
  open: creates(z.object({ owner: z.string(), currency: z.string().default('EUR') })),
  deposit: z.object({ amount: z.int().positive() }),
  withdraw: z.object({ amount: z.int().positive() }),
  /** Brings the balance up to a level; does nothing when it is there already. */
  topUp: z.object({ to: z.int() }),
  note: z.object({ text: z.string() }),
  /** An event for each. */
  noteAll: z.object({ texts: z.array(z.string()) }),
  /** Refused as often as the test says, in a way that may be tried again. */
  flaky: z.object({}),
})

const AccountState = z.object({ owner: z.string(), balance: z.int(), moves: z.int() })
type AccountState = z.output<typeof AccountState>

/** What `flaky` does; reset by the tests that use it. */
export const flakiness = { refusals: 0, retryable: true, calls: 0 }

export class Account extends aggregate(accountEvents, (): AccountState => ({ owner: '', balance: 0, moves: 0 })) {
  static readonly handlers = this.handle(accountCommands, {
    open: (account, command) => account.raise('opened', command),
    deposit: (account, { amount }) => account.raise('deposited', { amount }),
    withdraw: (account, { amount }) => {
      if (account.state.balance < amount) {
        throw new BusinessRuleViolation(`${amount} is more than there is`, { details: { balance: account.state.balance } })
      }
      account.raise('withdrawn', { amount })
    },
    topUp: (account, { to }) => {
      if (account.state.balance < to) account.raise('deposited', { amount: to - account.state.balance })
    },
    note: (account, { text }) => account.raise('noted', { text }),
    noteAll: (account, { texts }) => {
      for (const text of texts) account.raise('noted', { text })
    },
    flaky: (account) => {
      flakiness.calls++
      if (flakiness.calls <= flakiness.refusals) throw new BusinessRuleViolation('not now', { retryable: flakiness.retryable })
      account.raise('deposited', { amount: 1 })
    },
  })
  static readonly evolve = this.fold({
    opened: (s, e) => ({ ...s, owner: e.owner }),
    deposited: (s, e) => ({ ...s, balance: s.balance + e.amount, moves: s.moves + 1 }),
    withdrawn: (s, e) => ({ ...s, balance: s.balance - e.amount, moves: s.moves + 1 }),
    noted: (s) => s,
  })
}

/** The same account, with a snapshot every so many events. */
export class SnapshotAccount extends Account {
  static readonly snapshots = this.snapshotEvery(5, AccountState)
}

export const banking = defineDomain('banking', { aggregates: [Account] })
