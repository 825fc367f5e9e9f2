import type { Trouble } from '@cartero/spool/notices'
import { STATUS_DETAILS, type StatusDetail } from '@cartero/syntax'

/** How soon what was deferred for a reason may come again. */
export interface RetryClass {
  /** Not sooner than this after the attempt; milliseconds. */
  readonly atLeast: number
  /** Comes at once if the same attempt got through for others: it is its turn, and nothing is wrong. */
  readonly isNextTurn?: true
}

const AS_SCHEDULED: RetryClass = { atLeast: 0 }

/** Those whose wait differs from the schedule. Greylisting (4.7.1, 4.2.0), networks and DNS (4.4.x) are as scheduled. */
const CLASSES: Readonly<Partial<Record<StatusDetail, RetryClass>>> = {
  // People empty mailboxes, and not within minutes.
  mailboxFull: { atLeast: 30 * 60_000 },
  mailboxDisabled: { atLeast: 30 * 60_000 },
  // A full disk there; an operator has to hear of it first.
  systemFull: { atLeast: 5 * 60_000 },
  // A policy or a certificate that does not fit: people mend it.
  securityFeatures: { atLeast: 10 * 60_000 },
  cryptographicFailure: { atLeast: 10 * 60_000 },
  encryptionNeeded: { atLeast: 10 * 60_000 },
  accountDisabled: { atLeast: 30 * 60_000 },
  // RFC 5321 §4.5.3.1.10: the rest of the recipients in another transaction
  tooManyRecipients: { atLeast: 0, isNextTurn: true },
}

const BY_CODE: ReadonlyMap<string, RetryClass> = new Map(
  Object.entries(CLASSES).map(([detail, found]) => [STATUS_DETAILS[detail as StatusDetail], found]),
)

/** By the status of a reply, or by what we say of a network. */
export function retryClassOf({ status }: Pick<Trouble, 'status'>): RetryClass {
  return BY_CODE.get(status.slice(2)) ?? AS_SCHEDULED
}
