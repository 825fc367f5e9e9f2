import { runTaker, type NatsBus, type TakenMessage } from '@cartero/bus/nats'
import { systemClock, type Clock } from '@cartero/wire'

import type { JourneyEvent } from '../ports.ts'
import { decodeEvents } from './event-codec.ts'
import { journeyStream, type JourneyStreamOptions } from './journey-stream.ts'
import { TAKE_LIMITS } from './limits.ts'

export interface JourneyConsumerOptions extends JourneyStreamOptions {
  readonly bus: NatsBus
  /** Where events are kept. Durable when fulfilled; when it rejects, they are brought again. */
  readonly journal: { tellAll(events: readonly JourneyEvent[]): Promise<void> }
  readonly clock?: Clock
  /** The journal did not take them; nothing is tried for so many milliseconds. */
  readonly trouble: (error: unknown, waits: number) => void
  /** So many events could not be read, and are gone. */
  readonly unreadable?: (count: number) => void
}

/** Carries what agents tell into the journal of the console. What was kept just before a crash may be kept twice. */
export class JourneyConsumer {
  readonly #options: JourneyConsumerOptions

  constructor(options: JourneyConsumerOptions) {
    this.#options = options
  }

  /** Until the signal aborts. Rejects with BrokerError when the stream is not to be had at the start, or not as it must be. */
  async run(signal: AbortSignal): Promise<void> {
    const { bus, clock = systemClock, trouble } = this.#options
    const stream = await bus.stream(journeyStream(this.#options), { signal })
    const consumer = await stream.consumer({ name: 'console' })
    const take = (batch: readonly TakenMessage[]): Promise<void> => this.#keep(batch)
    await runTaker({ consumer, limit: TAKE_LIMITS, take, clock, trouble }, signal)
  }

  async #keep(batch: readonly TakenMessage[]): Promise<void> {
    const { journal, unreadable } = this.#options
    const decoded = batch.map(({ body }) => decodeEvents(body))
    const lost = decoded.reduce((sum, one) => sum + one.unreadable, 0)
    if (lost > 0) unreadable?.(lost)
    const events = decoded.flatMap((one) => one.events)
    if (events.length > 0) await journal.tellAll(events)
  }
}
