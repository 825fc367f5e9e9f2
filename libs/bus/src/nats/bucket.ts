import { consumerOpts, type JetStreamManager, type JsMsg, type NatsError } from 'nats'

import { BrokerError } from './broker-error.ts'
import { isAbsence, publishFault } from './broker-fault.ts'
import type { DurableStream, StreamOptions } from './durable-stream.ts'
import { NATS_LIMITS } from './limits.ts'
import type { NatsBus } from './nats-bus.ts'

/** Octets of one message of an object: what a read of some of its octets takes at least. Never to be changed: readers count in it. */
export const CHUNK_OCTETS = 256 * 1024
/** Room for the headers of a message. */
const HEADERS = 4 * 1024
/** An object is put within this; the broker only needs to know its messages again for so long. */
const DUPLICATE_WINDOW = 60_000

/** It has this, and does not say so in its type. */
type Manager = JetStreamManager & { readonly direct: Pick<JetStreamManager['streams'], 'getMessage'> }

export interface BucketOptions extends StreamOptions {
  /** Capital letters, digits and underscores. */
  readonly name: string
  readonly replicas: number
  /** Octets that fit in; absent: as many as the broker has room for. */
  readonly maxOctets?: number
  /** Every server syncs before it acknowledges. */
  readonly isSynced?: boolean
}

export interface BucketEntry {
  readonly name: string
  readonly size: number
}

/**
 * Objects in a stream: a message for each CHUNK_OCTETS, on a subject of its own, so that a part of an object is read by asking for just its
 * messages. Names are words of letters and digits with dots between them. Errors: BrokerError.
 */
export class ObjectBucket {
  readonly #stream: DurableStream
  readonly #manager: Manager
  readonly #bus: NatsBus
  readonly #subject: string

  private constructor(stream: DurableStream, manager: Manager, bus: NatsBus) {
    this.#stream = stream
    this.#manager = manager
    this.#bus = bus
    this.#subject = subjectOf(stream.name)
  }

  /** Makes the bucket when it is not there, and checks that it is what was asked for. */
  static async open(bus: NatsBus, options: BucketOptions): Promise<ObjectBucket> {
    const { name, replicas, maxOctets = -1, isSynced = true, ...others } = options
    const subjects = [`${subjectOf(name)}.>`]
    const stream = await bus.stream(
      {
        name,
        subjects,
        keeps: 'untilOld',
        whenFull: 'refuse',
        replicas,
        maxOctets,
        maxMessageOctets: CHUNK_OCTETS + HEADERS,
        duplicateWindow: DUPLICATE_WINDOW,
        isSynced,
        isReadAnywhere: true,
      },
      others,
    )
    const settings = { checkAPI: false, timeout: NATS_LIMITS.question }
    const manager = (await bus.connection.jetstreamManager(settings)) as Manager
    return new ObjectBucket(stream, manager, bus)
  }

  /** What could not be verified of it, in words for the operator. */
  get unverified(): string | undefined {
    return this.#stream.unverified
  }

  /** Fulfilled when all of it is durable. The same object may be put again. */
  async put(name: string, octets: Uint8Array): Promise<void> {
    const count = Math.max(1, Math.ceil(octets.length / CHUNK_OCTETS))
    const puts = Array.from({ length: count }, (_, n) =>
      this.#stream.publish({
        subject: this.#chunk(name, n),
        body: octets.subarray(n * CHUNK_OCTETS, (n + 1) * CHUNK_OCTETS),
      }),
    )
    await Promise.all(puts)
  }

  /** Octets from `start` on and before `end`, clipped to what there is; undefined when there is no such object. */
  async read(name: string, start: number, end: number): Promise<Uint8Array | undefined> {
    const first = Math.floor(start / CHUNK_OCTETS)
    const found: Uint8Array[] = []
    for (let chunk = first; chunk === first || chunk * CHUNK_OCTETS < end; chunk++) {
      const octets = await this.#read(name, chunk)
      if (octets === undefined) break
      found.push(octets)
      if (octets.length < CHUNK_OCTETS) break
    }
    // Behind the end, or no object at all: only its first message tells.
    if (found.length === 0 && (first === 0 || (await this.#read(name, 0)) === undefined)) return undefined
    const base = first * CHUNK_OCTETS
    return joined(found).subarray(start - base, Math.max(end, start) - base)
  }

  /** Idempotent. */
  async delete(name: string): Promise<void> {
    await this.#asked(this.#manager.streams.purge(this.#stream.name, { filter: `${this.#place(name)}.*` }))
  }

  /** All names with their sizes, in no order. Only headers are sent. */
  async list(signal: AbortSignal): Promise<readonly BucketEntry[]> {
    const sizes = new Map<string, number>()
    if (signal.aborted || (await this.#asked(this.#stream.count())) === 0) return []
    const options = consumerOpts().orderedConsumer().headersOnly().deliverLastPerSubject()
    const messages = await this.#asked(
      this.#bus.connection.jetstream().subscribe(`${this.#subject}.>`, options),
    )
    const leave = (): void => messages.unsubscribe()
    signal.addEventListener('abort', leave, { once: true })
    try {
      for await (const message of messages) {
        const name = this.#nameOf(message.subject)
        sizes.set(name, (sizes.get(name) ?? 0) + sizeOf(message))
        if (message.info.pending === 0) break
      }
    } finally {
      signal.removeEventListener('abort', leave)
      messages.unsubscribe()
    }
    return [...sizes].map(([name, size]) => ({ name, size }))
  }

  async #read(name: string, chunk: number): Promise<Uint8Array | undefined> {
    const query = { last_by_subj: this.#chunk(name, chunk) }
    try {
      return (await this.#manager.direct.getMessage(this.#stream.name, query)).data
    } catch (error) {
      if (!isAbsent(error)) throw this.#fault(error)
    }
    // A replica that is behind says so, too; the leader knows.
    try {
      return (await this.#manager.streams.getMessage(this.#stream.name, query)).data
    } catch (error) {
      if (isAbsent(error)) return undefined
      throw this.#fault(error)
    }
  }

  async #asked<T>(question: Promise<T>): Promise<T> {
    try {
      return await question
    } catch (error) {
      throw this.#fault(error)
    }
  }

  #fault(cause: unknown): BrokerError {
    const error = publishFault(cause)
    if (isAbsence(error)) this.#stream.doubt()
    return error
  }

  #chunk(name: string, chunk: number): string {
    return `${this.#place(name)}.${chunk}`
  }

  /** One word of the subject, so that a name is not the beginning of another. */
  #place(name: string): string {
    if (!/^[0-9a-z]+(\.[0-9a-z]+)*$/i.test(name))
      throw new BrokerError('misconfigured', `${name} is no name of an object`)
    return `${this.#subject}.${name.replaceAll('.', '-')}`
  }

  #nameOf(subject: string): string {
    const end = subject.lastIndexOf('.')
    return subject.slice(this.#subject.length + 1, end).replaceAll('-', '.')
  }
}

function subjectOf(name: string): string {
  return `objects.${name}`
}

function sizeOf(message: JsMsg): number {
  return Number(message.headers?.get('Nats-Msg-Size') ?? 0)
}

/** JetStream: there is no such stream, which says nothing of what was in it. */
const STREAM_NOT_FOUND = 10_059

/** No message has the subject. */
function isAbsent(error: unknown): boolean {
  const { code, api_error: api } = error as NatsError
  if (api?.err_code === STREAM_NOT_FOUND) return false
  return code === '404' || api?.code === 404
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  return pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces)
}
