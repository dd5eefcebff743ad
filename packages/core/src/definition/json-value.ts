/** What survives JSON unchanged. Optional fields may be absent; inside arrays nothing may be. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue | undefined }
