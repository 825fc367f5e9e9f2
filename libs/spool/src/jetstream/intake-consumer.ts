import { hash } from 'node:crypto'

import {
  runTaker,
  type DurableStream,
  type NatsBus,
  type StreamTrouble,
  type TakenMessage,
} from '@cartero/bus/nats'
import { systemClock, type Clock } from '@cartero/wire'

import type { HandedOver, SpoolInlet } from '../handover/ports.ts'
import { decodeHandover } from './handover-codec.ts'
import { asideStream, asideSubject, intakeStream, type IntakeStreamOptions } from './intake-stream.ts'
import { TAKE_IN_LIMITS } from './limits.ts'

export interface IntakeConsumerOptions extends IntakeStreamOptions {
  readonly bus: NatsBus
  readonly inlet: SpoolInlet
  readonly clock?: Clock
  /** `host:port` of the monitoring port of each server of the broker. */
  readonly monitor?: readonly string[]
  /** Milliseconds after which what a process that was killed had fetched is given to another. */
  readonly acknowledgeWithin?: number
  readonly events: IntakeConsumerEvents
}

export interface IntakeConsumerEvents {
  /** What could not be verified of the broker, at the start. */
  readonly unverified?: (words: string) => void
  /** So many messages are in the spool now. */
  readonly takenIn?: (messages: readonly HandedOver[]) => void
  /** The spool did not take them; nothing is tried for so many milliseconds. Nothing is lost. */
  readonly troubled: (error: unknown, waits: number) => void
  /** Nobody could read it: it is in the stream INTAKE_ASIDE for an operator. */
  readonly setAside: (error: unknown) => void
}

/** Carries what edges have handed over into a spool. Any number of processes share the work. */
export class IntakeConsumer {
  readonly #options: IntakeConsumerOptions
  #stream: DurableStream | undefined

  constructor(options: IntakeConsumerOptions) {
    this.#options = options
  }

  /** What is wrong with the stream now; undefined while it is well, or is not open yet. */
  get trouble(): StreamTrouble | undefined {
    return this.#stream?.trouble
  }

  /**
   * Until the signal aborts; then the batch at hand is taken in, and what was fetched ahead is handed back. Rejects with BrokerError when
   * the streams are not to be had at the start, or not as they must be.
   */
  async run(signal: AbortSignal): Promise<void> {
    const { bus, clock = systemClock, monitor, events, acknowledgeWithin } = this.#options
    const terms = { signal, ...(monitor && { monitor }) }
    const stream = await bus.stream(intakeStream(this.#options), terms)
    this.#stream = stream
    const aside = await bus.stream(asideStream(this.#options), terms)
    if (stream.unverified !== undefined) events.unverified?.(stream.unverified)
    const consumer = await stream.consumer({ name: 'spool', ...(acknowledgeWithin && { acknowledgeWithin }) })
    const take = (batch: readonly TakenMessage[]): Promise<void> => this.#takeIn(batch, aside)
    await runTaker({ consumer, limit: TAKE_IN_LIMITS, take, clock, trouble: events.troubled }, signal)
  }

  async #takeIn(batch: readonly TakenMessage[], aside: DurableStream): Promise<void> {
    const { inlet, events } = this.#options
    const messages: HandedOver[] = []
    for (const { body } of batch) {
      const decoded = decodeHandover(body)
      messages.push(...decoded.messages)
      for (const { error, body } of decoded.unreadable) {
        await this.#setAside(body, aside)
        events.setAside(error)
      }
    }
    for (let at = 0; at < messages.length; at += TAKE_IN_LIMITS.together) {
      const portion = messages.slice(at, at + TAKE_IN_LIMITS.together)
      await inlet.takeIn(portion)
      events.takenIn?.(portion)
    }
  }

  /** Guarantee: it is safe elsewhere before it leaves the stream. */
  async #setAside(body: Uint8Array, aside: DurableStream): Promise<void> {
    const id = hash('sha256', body)
    await aside.publish({ subject: asideSubject(this.#options.shard), id, body })
  }
}
