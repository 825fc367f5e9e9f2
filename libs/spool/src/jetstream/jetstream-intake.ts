import type { DurableStream, NatsBus, StreamTrouble } from '@cartero/bus/nats'
import type { ContentStore } from '@cartero/content'
import { systemClock, type Clock } from '@cartero/wire'

import { SpoolError, type Envelope, type Intake, type IntakeDraft } from '../ports.ts'
import { QueueIds } from '../queue-id.ts'
import { intakeFault } from './bus-fault.ts'
import { HandoverDraft, type Surroundings } from './handover-draft.ts'
import { HandoverLine } from './handover-line.ts'
import { handoverSubject, intakeStream, type IntakeStreamOptions } from './intake-stream.ts'
import { INTAKE_LIMITS } from './limits.ts'
import { OctetsHeld } from './octets-held.ts'

export interface JetStreamIntakeOptions extends IntakeStreamOptions {
  readonly bus: NatsBus
  /** For contents that are not small. */
  readonly content: ContentStore
  readonly clock?: Clock
  /** `host:port` of the monitoring port of each server of the broker: without them nobody can verify that it syncs. */
  readonly monitor?: readonly string[]
  /** Octets that all drafts together hold in memory. */
  readonly mostHeld?: number
  /** Who waits for the stream may leave. */
  readonly signal?: AbortSignal
}

/** The front door of a spool that is elsewhere: a message is promised as soon as the stream of the broker has it. */
export class JetStreamIntake implements Intake {
  readonly #bus: NatsBus
  readonly #stream: DurableStream
  readonly #ids: QueueIds
  readonly #surroundings: Surroundings
  readonly #underway = new Set<Promise<unknown>>()
  #isClosed = false

  private constructor(options: JetStreamIntakeOptions, stream: DurableStream) {
    const { bus, content, clock = systemClock, shard, mostHeld = INTAKE_LIMITS.held } = options
    this.#bus = bus
    this.#stream = stream
    this.#ids = new QueueIds(clock)
    const line = new HandoverLine(stream, handoverSubject(shard))
    this.#surroundings = { line, content, clock, held: new OctetsHeld(mostHeld) }
  }

  /** Rejects with BrokerError when the stream is not to be had, or not as it must be; its `remedy` is for the operator. */
  static async open(options: JetStreamIntakeOptions): Promise<JetStreamIntake> {
    const { bus, monitor, signal } = options
    const stream = await bus.stream(intakeStream(options), {
      ...(monitor && { monitor }),
      ...(signal && { signal }),
    })
    return new JetStreamIntake(options, stream)
  }

  /** What could not be verified of the broker, in words for the operator. */
  get unverified(): string | undefined {
    return this.#stream.unverified
  }

  /** What is wrong with the stream now; undefined while it is well. */
  get trouble(): StreamTrouble | undefined {
    return this.#stream.trouble
  }

  /** Octets of drafts that are in memory now. */
  get held(): number {
    return this.#surroundings.held.octets
  }

  /** Throws SpoolError at once while the broker cannot be reached. */
  begin(envelope: Envelope): IntakeDraft {
    if (this.#isClosed) throw new SpoolError('unavailable', 'the intake is closed')
    if (!this.#bus.isConnected) throw new SpoolError('unavailable', 'the broker is not connected')
    const draft = new HandoverDraft(this.#ids.next(), envelope, this.#surroundings)
    return {
      queueId: draft.queueId,
      write: (bytes) => draft.write(bytes),
      commit: (...known) => this.#counted(draft.commit(...known)),
      abort: () => draft.abort(),
    }
  }

  /**
   * Fulfilled when nothing has waited to be taken in for longer than INTAKE_LIMITS.untaken. Else rejects with SpoolError: no owner
   * knows the contents yet to which it refers, and they must not be reclaimed.
   */
  async checkTakenIn(): Promise<void> {
    const since = await this.#oldest()
    const hours = (this.#surroundings.clock.now() - (since ?? Infinity)) / 3_600_000
    if (hours * 3_600_000 <= INTAKE_LIMITS.untaken) return
    throw new SpoolError(
      'unavailable',
      `mail that was handed over ${Math.floor(hours)} hours ago is not in the spool yet`,
    )
  }

  /** Fulfilled when everything that is being handed over has been, or has failed. The bus is its owner's. */
  async close(): Promise<void> {
    this.#isClosed = true
    await Promise.allSettled(this.#underway)
  }

  async #oldest(): Promise<number | undefined> {
    try {
      return await this.#stream.oldest()
    } catch (error) {
      throw intakeFault(error)
    }
  }

  async #counted<T>(work: Promise<T>): Promise<T> {
    this.#underway.add(work)
    try {
      return await work
    } finally {
      this.#underway.delete(work)
    }
  }
}
