import type { ContentStore } from '@cartero/content'
import { HeaderScanner, parseAutoSubmitted, type HeaderBlock } from '@cartero/message'
import { enhancedStatus } from '@cartero/syntax'
import type { Clock, MaybePromise } from '@cartero/wire'

import type { Delivery, EnvelopeRecipient, Intake, Outcome, QueueId, SpooledMessage } from '../ports.ts'
import { isTooLate } from './deadline.ts'
import { noticeEnvelope, noticeLetter } from './letter.ts'
import type { RecipientResult } from './result.ts'
import { FULL_RETURNS, NOTICE_SETTINGS, type NoticeSettings } from './settings.ts'
import { verdictOn, wantsSuccess, type NoticeEntry, type Verdict } from './verdict.ts'

/** Octets of a message in which its header is looked for, ours in front included. */
const HEADER_OCTETS = 256 * 1024

export interface NoticesOptions {
  readonly intake: Intake
  readonly content: Pick<ContentStore, 'read' | 'get'>
  /** Who reports. */
  readonly hostname: string
  readonly clock: Clock
  /** 16 octets that nobody can guess, for Message-ID and boundaries. */
  readonly random: (octets: number) => Uint8Array
  readonly settings?: Partial<NoticeSettings>
  /** Told of each notice once it is durable. */
  readonly sent?: (notice: QueueId, about: SpooledMessage, entries: readonly NoticeEntry[]) => void
}

/**
 * Delivery status notifications: who is told what, and when. Whoever tries to deliver says what became of each recipient and
 * gets back what to tell the spool.
 *
 * Guarantee: a notice is durable before the outcome that it tells of can be settled, so it is never lost; a crash between the
 * two sends it twice.
 */
// RFC 3461 §5, §6, RFC 3464
export class Notices {
  readonly #on: NoticesOptions
  readonly settings: NoticeSettings

  constructor(options: NoticesOptions) {
    this.#on = options
    this.settings = { ...NOTICE_SETTINGS, ...options.settings }
  }

  /** The same without patience of our own: nothing is given up and no delay is told of, but by a deadline that a sender has set. */
  withoutPatience(): Notices {
    return new Notices({
      ...this.#on,
      settings: { ...this.settings, delayAfter: Infinity, giveUpAfter: Infinity },
    })
  }

  /** What must not be attempted any more, because its sender wants it back by now. Ask before each attempt. */
  // RFC 2852 §4
  isTooLate(delivery: Delivery): boolean {
    return isTooLate(delivery.message, this.#on.clock.now())
  }

  /**
   * What to settle after an attempt with these results, in the order of the delivery's recipients; those that wait are due at
   * `retryAt`. Answers at once when there is nothing to tell. Rejects with SpoolError or ContentStoreError when a notice cannot
   * be written: then nothing may be settled.
   */
  conclude(delivery: Delivery, results: readonly RecipientResult[], retryAt: number): MaybePromise<Outcome> {
    const isQuiet =
      !wantsSuccess(delivery.message.envelope) && delivery.message.envelope.deliverBy === undefined
    if (isQuiet && results.every(({ kind }) => kind !== 'failed' && kind !== 'deferred'))
      return { id: delivery.id, state: 'delivered' }
    const at = { now: this.#on.clock.now(), settings: this.settings }
    const verdicts = delivery.recipients.map((recipient, i) =>
      verdictOn(delivery, recipient, results[i] ?? UNKNOWN, at),
    )
    const outcome = outcomeOf(delivery, verdicts, retryAt)
    const entries = verdicts.flatMap((verdict) => verdict.entries)
    return entries.length === 0 ? outcome : this.#write(delivery.message, entries).then(() => outcome)
  }

  /**
   * These addresses of the envelope stand for several mailboxes each. Whose sender wanted to know of success is told now; the
   * mailboxes' own success is not (their recipients are `expanded`).
   */
  // RFC 3461 §5.2.7.3 c
  async expanded(message: SpooledMessage, addresses: readonly string[]): Promise<void> {
    if (!wantsSuccess(message.envelope)) return
    const isMeant = ({ address, notify }: EnvelopeRecipient): boolean =>
      addresses.includes(address) && notify?.includes('success') === true
    const status = enhancedStatus(2, 'undefined')
    const entries = message.envelope.recipients
      .filter(isMeant)
      .map((recipient) => ({ recipient, action: 'expanded' as const, status }))
    if (entries.length > 0) await this.#write(message, entries)
  }

  async #write(message: SpooledMessage, wanted: readonly NoticeEntry[]): Promise<void> {
    const { intake, sent } = this.#on
    const header = await this.#header(message)
    const isAutomatic = isFromMachine(header.block)
    const entries = wanted.filter((entry) => entry.isUnasked !== true || !isAutomatic)
    if (entries.length === 0) return
    const original = { header: header.octets, octets: prefixed(message), source: this.#octets(message) }
    const share = FULL_RETURNS / Math.max(FULL_RETURNS, message.envelope.recipients.length)
    const returnedOctets = this.settings.returnedOctets * share
    const letter = noticeLetter({ ...this.#on, message, entries, original, returnedOctets })
    const draft = intake.begin(noticeEnvelope(message.envelope, this.#on.hostname, letter.needsSmtpUtf8))
    try {
      await draft.write(letter.header)
      for await (const piece of Buffer.isBuffer(letter.body) ? [letter.body] : letter.body)
        await draft.write(piece)
    } catch (error) {
      draft.abort()
      throw error
    }
    const queueId = await draft.commit(Buffer.alloc(0))
    sent?.(queueId, message, entries)
  }

  /** The header as the sender would see it again, our own trace included. */
  async #header(message: SpooledMessage): Promise<{ readonly octets: Buffer; readonly block: HeaderBlock }> {
    const end = Math.min(message.size, HEADER_OCTETS)
    const start = Buffer.concat([
      message.prefix,
      await this.#on.content.read(message.content, { start: 0, end }),
    ])
    const scanner = new HeaderScanner()
    scanner.write(start)
    const { fieldsEnd } = scanner.end()
    return { octets: start.subarray(0, fieldsEnd), block: scanner.block() }
  }

  async *#octets({ prefix, content }: SpooledMessage): AsyncGenerator<Buffer, void> {
    yield prefix
    yield* this.#on.content.get(content)
  }
}

const prefixed = ({ prefix, size }: SpooledMessage): number => prefix.length + size

/** For a recipient that nothing was said of: nothing is lost by an outcome too few. */
const UNKNOWN: RecipientResult = {
  kind: 'deferred',
  status: enhancedStatus(4, 'otherSystem'),
  reason: 'no outcome',
}

/** One small word where all went well; otherwise to each its own. */
function outcomeOf({ id }: Delivery, verdicts: readonly Verdict[], notBefore: number): Outcome {
  const recipients = verdicts.map(({ outcome }) => outcome)
  const isOver = recipients.every(
    ({ state }) => state !== 'deferred' && state !== 'failed' && state !== 'expired',
  )
  return isOver ? { id, state: 'delivered' } : { id, state: 'mixed', recipients, notBefore }
}

/** Nobody waits for what a program wrote: its sender is told of failure, and of what it asked for. */
// RFC 3834 §2
function isFromMachine(header: HeaderBlock): boolean {
  const automatic = header.find('Auto-Submitted')
  if (automatic !== undefined && parseAutoSubmitted(automatic.rawValue) !== 'no') return true
  const precedence = header.find('Precedence')?.value.trim().toLowerCase()
  return precedence === 'bulk' || precedence === 'list' || precedence === 'junk'
}
