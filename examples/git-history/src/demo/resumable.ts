/** Options of an app that imports: an import that was killed goes on whenever it is run again, by the receipts of what it had sent. */
export const resumable = { keepReceiptsForDays: 36_500 } as const
