/** What a job carries: commands of one aggregate, in order. They themselves stand in their rows. */
export interface JobData {
  readonly tenantId: string
  readonly commandIds: readonly string[]
}
