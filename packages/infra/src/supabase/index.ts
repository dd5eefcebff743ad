export { supabaseAdmin, type AdminClientOptions } from './admin-client.ts'
export { SupabaseHints, type SupabaseHintsOptions } from './supabase-hints.ts'
export { SupabaseSource, type SupabaseSourceOptions } from './supabase-source.ts'
