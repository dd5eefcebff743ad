import { embeddedBinaries } from '@cairn/infra/embedded'
import type { PostgresSource } from './postgres-service.ts'
import { throwawayServer } from './throwaway-server.ts'

/** A server of the programs that come from npm. */
export const fromEmbedded: PostgresSource = async ({ settings }) => throwawayServer(await embeddedBinaries(), settings)
