import { enhancedStatus, type EnhancedStatus } from '@cartero/syntax'

import type {
  Delivery,
  DeliveryRecipient,
  Envelope,
  EnvelopeRecipient,
  RecipientOutcome,
  SpooledMessage,
} from '../ports.ts'
import type { RecipientResult, RemoteReply, Trouble } from './result.ts'
import type { NoticeSettings } from './settings.ts'

export type NoticeAction = 'failed' | 'delayed' | 'delivered' | 'relayed' | 'expanded'

/** One recipient in a notice. */
// RFC 3464 §2.3
export interface NoticeEntry {
  readonly recipient: EnvelopeRecipient
  readonly action: NoticeAction
  readonly status: EnhancedStatus
  readonly reason?: string
  readonly remote?: RemoteReply
  /** For `delayed`, milliseconds since the epoch. */
  readonly willRetryUntil?: number
  /** Nobody asked for it: it is told of mail from people only. */
  readonly isUnasked?: true
}

/** What to do about one recipient, and what to tell of it. */
export interface Verdict {
  readonly outcome: RecipientOutcome
  readonly entries: readonly NoticeEntry[]
}

/** When a message is given up that cannot be delivered. */
// RFC 4865 §4: the time that its sender held it back does not count
export function givenUpAt({ envelope, acceptedAt }: SpooledMessage, settings: NoticeSettings): number {
  return Math.max(acceptedAt, envelope.holdUntil ?? 0) + settings.giveUpAfter
}

/** When nothing is to be tried any more: the time it had is over, or all patience is. */
export function lastMoment(message: SpooledMessage, settings: NoticeSettings): number {
  const { deliverBy } = message.envelope
  const end = givenUpAt(message, settings)
  return deliverBy?.mode === 'return' ? Math.min(deliverBy.at, end) : end
}

/** Its sender wants it back rather than delivered now. */
// RFC 2852 §4
export function isTooLate({ envelope: { deliverBy } }: SpooledMessage, now: number): boolean {
  return deliverBy?.mode === 'return' && deliverBy.at <= now
}

/** Whether the sender wants to hear of anything that goes well; then each delivery has something to tell. */
export function wantsSuccess({ reversePath, recipients }: Envelope): boolean {
  return reversePath !== '' && recipients.some(({ notify }) => notify?.includes('success'))
}

/** One recipient after an attempt at `now`. */
export function verdictOn(
  { message }: Delivery,
  recipient: DeliveryRecipient,
  result: RecipientResult,
  { now, settings }: { readonly now: number; readonly settings: NoticeSettings },
): Verdict {
  const about = new Subject(message, recipient)
  switch (result.kind) {
    case 'delivered':
      return { outcome: { state: 'delivered' }, entries: about.success('delivered') }
    case 'relayed':
      return { outcome: { state: 'relayed' }, entries: about.success('relayed', result.remote) }
    case 'passed':
      return { outcome: { state: 'relayed' }, entries: about.trace(result.remote) }
    case 'failed':
      return about.failure(result, 'failed')
    case 'deferred':
      return lastMoment(message, settings) <= now
        ? about.failure(overdue(message, result, now), 'expired')
        : about.delay(result, now, settings)
  }
}

/** RFC 3463 §3.5: whatever the last attempt said, it was time that ran out. */
function overdue(message: SpooledMessage, last: Trouble, now: number): Trouble {
  const isAsked = isTooLate(message, now)
  const why = isAsked ? 'the time that its sender gave it is over' : 'it could not be delivered for too long'
  return {
    ...last,
    status: enhancedStatus(5, 'expired'),
    reason: last.reason === '' ? why : `${why}; ${last.reason}`,
  }
}

/** As `overdue`, of what goes on being tried. */
// RFC 2852 §4
function late(last: Trouble): Trouble {
  const why = 'it is later than its sender wanted'
  return {
    ...last,
    status: enhancedStatus(4, 'expired'),
    reason: last.reason === '' ? why : `${why}; ${last.reason}`,
  }
}

/** A recipient of a delivery together with those of the envelope that it stands for. */
class Subject {
  readonly #envelope: Envelope
  readonly #message: SpooledMessage
  readonly #recipient: DeliveryRecipient
  readonly #addressed: readonly EnvelopeRecipient[]

  constructor(message: SpooledMessage, recipient: DeliveryRecipient) {
    const { envelope } = message
    this.#envelope = envelope
    this.#message = message
    this.#recipient = recipient
    const addresses = [recipient.address, ...(recipient.others ?? [])]
    this.#addressed = envelope.recipients.filter(({ address }) => addresses.includes(address))
  }

  // RFC 3461 §5.2.7.3: of an alias with several targets success was told when it was expanded
  success(action: 'delivered' | 'relayed', remote?: RemoteReply): readonly NoticeEntry[] {
    if (this.#recipient.expanded === true) return []
    const status = enhancedStatus(2, 'undefined')
    const entries = this.#told((notify) => notify?.includes('success') === true)
    if (action === 'relayed' && this.#envelope.deliverBy?.trace === true) return this.trace(remote)
    return entries.map((recipient) => ({ recipient, action, status, ...(remote && { remote }) }))
  }

  /** Who wants to know each hop is told of each. */
  // RFC 2852 §4
  trace(remote?: RemoteReply): readonly NoticeEntry[] {
    if (this.#envelope.deliverBy?.trace !== true) return []
    const status = enhancedStatus(2, 'undefined')
    return this.#told((notify) => notify?.includes('never') !== true).map((recipient) => ({
      recipient,
      action: 'relayed',
      status,
      ...(remote && { remote }),
    }))
  }

  // RFC 3461 §4.1: without NOTIFY, failure is told
  failure(trouble: Trouble, state: 'failed' | 'expired'): Verdict {
    const { status, reason, remote } = trouble
    // RFC 5321 §6.1: no notice of a notice; somebody has to look at it
    if (this.#envelope.reversePath === '') return { outcome: { state, reason }, entries: [] }
    const entries = this.#told((notify) => notify?.includes('failure') ?? true).map((recipient) => ({
      recipient,
      action: 'failed' as const,
      status,
      reason,
      ...(remote && { remote }),
    }))
    return { outcome: { state: 'returned' }, entries }
  }

  delay(trouble: Trouble, now: number, settings: NoticeSettings): Verdict {
    const told = this.#dueDelay(now, settings)
    const outcome = { state: 'deferred' as const, reason: trouble.reason }
    if (told === undefined) return { outcome, entries: [] }
    // RFC 2852 §4: who set a deadline has asked
    const isAsked = told === 'deadline'
    const { status, reason, remote } = isAsked ? late(trouble) : trouble
    const willRetryUntil = lastMoment(this.#message, settings)
    const entries = this.#told((notify) => notify?.includes('delay') ?? true).map((recipient) => ({
      recipient,
      action: 'delayed' as const,
      status,
      reason,
      willRetryUntil,
      ...(remote && { remote }),
      ...(recipient.notify === undefined && !isAsked && { isUnasked: true as const }),
    }))
    return { outcome: { ...outcome, told }, entries }
  }

  /** Each is told once; after the deadline, nobody needs to hear that it takes long. */
  #dueDelay(now: number, { delayAfter }: NoticeSettings): 'delay' | 'deadline' | undefined {
    const { deliverBy, holdUntil = 0 } = this.#envelope
    const { told } = this.#recipient
    if (told === 'deadline') return undefined
    if (deliverBy?.mode === 'notify' && deliverBy.at <= now) return 'deadline'
    const since = Math.max(this.#message.acceptedAt, holdUntil)
    return told === undefined && since + delayAfter <= now ? 'delay' : undefined
  }

  /** Those whose sender wants to know; nobody, for the null path. */
  // RFC 3461 §4.1, RFC 5321 §4.5.5
  #told(wants: (notify: EnvelopeRecipient['notify']) => boolean): readonly EnvelopeRecipient[] {
    if (this.#envelope.reversePath === '') return []
    return this.#addressed.filter(({ notify }) => wants(notify))
  }
}
