import { enhancedStatus, type EnhancedStatus, type StatusDetail } from '@cartero/syntax'
import type { RecipientOutcome, Stage } from './errand.ts'

type Meaning = StatusDetail | { readonly [stage in Stage | 'any']?: StatusDetail }

/** What a reply code means where the server says no more; by the stage where it makes a difference. */
// RFC 5321 §4.2.2, RFC 5248 §2.4
const MEANINGS: Readonly<Record<number, Meaning>> = {
  421: 'notAcceptingMessages',
  450: { RCPT: 'otherMailbox', any: 'otherSystem' },
  451: 'otherSystem',
  // RFC 5321 §4.5.3.1.10: of a recipient it is what a server says that takes no more of them at a time
  452: { RCPT: 'tooManyRecipients', any: 'systemFull' },
  454: 'otherSecurity',
  455: 'invalidArguments',
  500: 'syntaxError',
  501: { MAIL: 'badSenderSyntax', RCPT: 'badDestinationSyntax', any: 'invalidArguments' },
  502: 'invalidCommand',
  503: 'invalidCommand',
  504: 'invalidArguments',
  // RFC 7504 §3
  521: 'notAcceptingMessages',
  530: 'otherSecurity',
  534: 'mechanismTooWeak',
  535: 'credentialsInvalid',
  538: 'encryptionNeeded',
  550: { RCPT: 'badDestinationMailbox', any: 'notAuthorised' },
  551: 'destinationMoved',
  // RFC 5321 §4.5.3.1.10, RFC 1870 §6.1
  552: { RCPT: 'tooManyRecipients', MAIL: 'messageTooBig', any: 'mailboxFull' },
  553: { MAIL: 'badSenderSyntax', any: 'badDestinationSyntax' },
  554: { greeting: 'notAcceptingMessages', any: 'notAuthorised' },
  555: 'invalidArguments',
  // RFC 7504 §4
  556: 'nullMx',
}

/** The status of what a server said: its own where that says the same as the outcome, else what its code means. */
// RFC 3463 §2
export function replyStatus({
  kind,
  reply: { code, status },
  stage,
}: Pick<RecipientOutcome, 'kind' | 'reply' | 'stage'>): EnhancedStatus {
  const severity = kind === 'delivered' ? 2 : kind === 'deferred' ? 4 : 5
  if (status?.startsWith(`${severity}.`) === true) return status
  const meaning = severity === 2 ? 'undefined' : (MEANINGS[code] ?? 'undefined')
  if (typeof meaning === 'string') return enhancedStatus(severity, meaning)
  return enhancedStatus(severity, meaning[stage] ?? meaning.any ?? 'undefined')
}
