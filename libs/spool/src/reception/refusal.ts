/** Where in a conversation something was refused; a label of metrics. */
export const STAGES = ['connect', 'mail', 'rcpt', 'data', 'command'] as const

export type Stage = (typeof STAGES)[number]

/** Whom a refusal is about, for the log; the client's own words. */
export interface Subject {
  readonly helo?: string | undefined
  readonly from?: string | undefined
  readonly to?: string | undefined
}

const BY_VERB: Readonly<Record<string, Stage>> = { MAIL: 'mail', RCPT: 'rcpt', DATA: 'data' }

/** The stage of a refused verb. */
export function stageOf(verb: string): Stage {
  return BY_VERB[verb] ?? 'command'
}
