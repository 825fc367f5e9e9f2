import { enhancedStatus, type EnhancedStatus } from '@cartero/syntax'

import type {
  Delivery,
  DeliveryRecipient,
  Envelope,
  EnvelopeRecipient,
  RecipientOutcome,
  SpooledMessage,
} from '../ports.ts'
import { delayMoment, isTooLate, lastMoment } from './deadline.ts'
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
  /** There was no attempt that could be dated. */
  readonly isUnattempted?: true
  /** What the sender is told to do, where the status would say something else. */
  readonly advice?: string
  /** Nobody asked for it: it is told of mail from people only. */
  readonly isUnasked?: true
}

/** What to do about one recipient, and what to tell of it. */
export interface Verdict {
  readonly outcome: RecipientOutcome
  readonly entries: readonly NoticeEntry[]
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

/** Why it did not go well. */
interface Cause extends Trouble {
  /** Of the reason, the part that no remote has said. */
  readonly ours?: string
}

/** It is given up, because the time that its sender gave it is over, or all patience. */
function overdue(message: SpooledMessage, last: Trouble, now: number): Cause {
  const isAsked = isTooLate(message, now)
  return expired(
    5,
    last,
    isAsked ? 'the time that its sender gave it is over' : 'it could not be delivered for too long',
  )
}

/** It goes on being tried. */
// RFC 2852 §4
function late(last: Trouble): Cause {
  return expired(4, last, 'it is later than its sender wanted')
}

/** Whatever the last attempt said, it is time that ran out. */
// RFC 3463 §3.5
function expired(severity: 4 | 5, last: Trouble, why: string): Cause {
  const reason = last.reason === '' ? why : `${why}; ${last.reason}`
  return { ...last, status: enhancedStatus(severity, 'expired'), reason, ours: why }
}

/** Who is told the remote's own words needs none of ours that say the same. */
function toldOf(
  cause: Cause,
): Pick<NoticeEntry, 'status' | 'reason' | 'remote' | 'isUnattempted' | 'advice'> {
  const { status, reason, remote, ours, isUnattempted, advice } = cause
  const words = remote === undefined ? reason : ours
  return {
    status,
    ...(words !== undefined && { reason: words }),
    ...(remote && { remote }),
    ...(isUnattempted && { isUnattempted }),
    ...(advice !== undefined && { advice }),
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
    if (action === 'relayed' && this.#envelope.deliverBy?.trace === true) return this.trace(remote)
    return this.#tell({ action, ...WELL, ...(remote && { remote }) }, (notify) => notify?.includes('success'))
  }

  /** Who wants to know each hop is told of each. */
  // RFC 2852 §4
  trace(remote?: RemoteReply): readonly NoticeEntry[] {
    if (this.#envelope.deliverBy?.trace !== true) return []
    const what = { action: 'relayed' as const, ...WELL, ...(remote && { remote }) }
    return this.#tell(what, (notify) => notify?.includes('never') !== true)
  }

  // RFC 3461 §4.1: without NOTIFY, failure is told
  failure(why: Cause, state: 'failed' | 'expired'): Verdict {
    // RFC 5321 §6.1: no notice of a notice; somebody has to look at it
    if (this.#envelope.reversePath === '') return { outcome: { state, reason: why.reason }, entries: [] }
    const entries = this.#tell(
      { action: 'failed', ...toldOf(why) },
      (notify) => notify?.includes('failure') ?? true,
    )
    return { outcome: { state: 'returned' }, entries }
  }

  delay(trouble: Trouble, now: number, settings: NoticeSettings): Verdict {
    const told = this.#dueDelay(now, settings)
    const { reason, status } = trouble
    const outcome = { state: 'deferred' as const, reason, status }
    if (told === undefined) return { outcome, entries: [] }
    const why = toldOf(told === 'deadline' ? late(trouble) : trouble)
    const last = lastMoment(this.#message, settings)
    const what = {
      action: 'delayed' as const,
      ...why,
      ...(Number.isFinite(last) && { willRetryUntil: last }),
    }
    const entries = this.#tell(what, (notify) => notify?.includes('delay') ?? true)
    return {
      outcome: { ...outcome, told },
      // RFC 2852 §4: who set a deadline has asked
      entries: told === 'deadline' ? entries : entries.map(markUnasked),
    }
  }

  /** Each is told once; after the deadline, nobody needs to hear that it takes long. */
  #dueDelay(now: number, settings: NoticeSettings): 'delay' | 'deadline' | undefined {
    const { deliverBy } = this.#envelope
    const { told } = this.#recipient
    if (told === 'deadline') return undefined
    if (deliverBy?.mode === 'notify' && deliverBy.at <= now) return 'deadline'
    return told === undefined && delayMoment(this.#message, settings) <= now ? 'delay' : undefined
  }

  /** An entry for each whose sender wants to know; none, for the null path. */
  // RFC 3461 §4.1, RFC 5321 §4.5.5
  #tell(
    what: Omit<NoticeEntry, 'recipient'>,
    wants: (notify: EnvelopeRecipient['notify']) => boolean | undefined,
  ): readonly NoticeEntry[] {
    if (this.#envelope.reversePath === '') return []
    return this.#addressed.filter(({ notify }) => wants(notify)).map((recipient) => ({ recipient, ...what }))
  }
}

const WELL = { status: enhancedStatus(2, 'undefined') } as const

/** Whose sender said nothing about notices did not ask for this one. */
function markUnasked(entry: NoticeEntry): NoticeEntry {
  return entry.recipient.notify === undefined ? { ...entry, isUnasked: true } : entry
}
