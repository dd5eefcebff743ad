import type { Cairn, NewCommand } from '@cairn/cairn'
import type { gitHistory } from '../domain/index.ts'

export type HistoryApp = Cairn<typeof gitHistory>
export type HistoryCommand = NewCommand<string, unknown, 'file' | 'contributor' | 'repository'>
