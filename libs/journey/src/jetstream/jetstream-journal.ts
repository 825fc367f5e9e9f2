import type { DurableStream, NatsBus } from '@cartero/bus/nats'
import { systemClock, type Clock } from '@cartero/wire'

import type { Journal, JourneyEvent } from '../ports.ts'
import { encodeEvent, encodeEvents, type EncodedEvent } from './event-codec.ts'
import { JOURNEY_SUBJECT, journeyStream, type JourneyStreamOptions } from './journey-stream.ts'
import { BATCH_EVENTS, BATCH_OCTETS, MOST_HELD_EVENTS, MOST_UNDERWAY, SEND_EVERY } from './limits.ts'

export interface JetStreamJournalOptions extends JourneyStreamOptions {
  readonly bus: NatsBus
  readonly clock?: Clock
  /** Told once when events begin to be lost; not again before some were kept. */
  readonly trouble?: (error: unknown) => void
  /** Who waits for the stream may leave. */
  readonly signal?: AbortSignal
}

/** Tells a journal that is elsewhere: what is told in a tenth of a second goes together. */
export class JetStreamJournal implements Journal {
  readonly #options: JetStreamJournalOptions
  readonly #stream: DurableStream
  readonly #clock: Clock
  readonly #underway = new Set<Promise<void>>()
  readonly #endHearing: () => void
  #held: EncodedEvent[] = []
  #quiet: (() => void) | undefined
  #isClosed = false
  #isTroubled = false
  #dropped = 0

  private constructor(options: JetStreamJournalOptions, stream: DurableStream) {
    this.#options = options
    this.#stream = stream
    this.#clock = options.clock ?? systemClock
    this.#endHearing = options.bus.onChange((isConnected) => isConnected && this.#send())
  }

  /** Rejects with BrokerError when the stream is not to be had, or not as it must be; its `remedy` is for the operator. */
  static async open(options: JetStreamJournalOptions): Promise<JetStreamJournal> {
    const { bus, signal } = options
    return new JetStreamJournal(
      options,
      await bus.stream(journeyStream(options), { ...(signal && { signal }) }),
    )
  }

  get dropped(): number {
    return this.#dropped
  }

  tell(event: JourneyEvent): void {
    const encoded = this.#isClosed ? undefined : encodeEvent(event)
    if (encoded === undefined || this.#held.length >= MOST_HELD_EVENTS) {
      this.#dropped++
      return
    }
    const held = this.#held.push(encoded)
    if (held === 1) this.#quiet = this.#clock.after(SEND_EVERY, () => this.#send())
    else if (held === BATCH_EVENTS) setImmediate(() => this.#send())
  }

  /** Rejects: the events of all agents are at the console. */
  find(): Promise<never> {
    return Promise.reject(
      new Error('journeys are kept by the console: ask it (cartero trace, at the console)'),
    )
  }

  /** What was told before is sent, as far as the broker takes it now. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#endHearing()
    this.#quiet?.()
    while (this.#held.length > 0 && this.#options.bus.isConnected) {
      this.#send()
      await Promise.race(this.#underway)
    }
    this.#dropped += this.#held.splice(0).length
    await Promise.all(this.#underway)
  }

  /** All that is held, as far as it may go now; the rest follows what goes. */
  #send(): void {
    this.#quiet?.()
    while (this.#held.length > 0 && this.#underway.size < MOST_UNDERWAY && this.#options.bus.isConnected) {
      const work = this.#publish(this.#portion()).finally(() => {
        this.#underway.delete(work)
        this.#send()
      })
      this.#underway.add(work)
    }
  }

  #portion(): readonly EncodedEvent[] {
    let octets = 0
    let count = 0
    for (const { fields } of this.#held) {
      // A character has three octets at most, and what is beside the fields is short.
      octets += fields.length * 3 + 200
      if (count > 0 && (octets > BATCH_OCTETS || count >= BATCH_EVENTS)) break
      count++
    }
    return this.#held.splice(0, count)
  }

  /** Never rejects: what is not taken is dropped. */
  async #publish(events: readonly EncodedEvent[]): Promise<void> {
    try {
      await this.#stream.publish({ subject: JOURNEY_SUBJECT, body: encodeEvents(events) })
      this.#isTroubled = false
    } catch (error) {
      this.#dropped += events.length
      if (!this.#isTroubled) this.#options.trouble?.(error)
      this.#isTroubled = true
    }
  }
}
