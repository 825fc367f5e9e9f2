/** Where in a conversation something was refused; a label of metrics. */
export const STAGES = ['connect', 'mail', 'rcpt', 'data', 'command'] as const

export type Stage = (typeof STAGES)[number]

/** Whom a refusal is about, for the log; the client's own words. */
export interface Subject {
  readonly helo?: string | undefined
  readonly from?: string | undefined
  readonly to?: string | undefined
  /** Where a filter says that the message came from. */
  readonly origin?: string | undefined
}

const BY_VERB: Readonly<Record<string, Stage>> = {
  MAIL: 'mail',
  SEND: 'mail',
  SOML: 'mail',
  SAML: 'mail',
  RCPT: 'rcpt',
  DATA: 'data',
  BDAT: 'data',
}

/** The stage of a refused verb. Without a verb it was the connection, unless the client has said already who it is. */
export function stageOf(verb: string, { helo }: Subject = {}): Stage {
  return verb === '' && helo === undefined ? 'connect' : (BY_VERB[verb] ?? 'command')
}
