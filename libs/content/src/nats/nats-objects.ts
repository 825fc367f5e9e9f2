import { BrokerError, ObjectBucket, type BucketOptions, type NatsBus } from '@cartero/bus/nats'
import { systemClock, type Clock } from '@cartero/wire'

import { Attempts, PassingFault, type AttemptLimits } from '../objects/attempts.ts'
import type { ObjectStore, StoredObject } from '../objects/ports.ts'
import { ContentStoreError, type OctetRange } from '../ports.ts'

/** So many names in a portion of a list. */
const PORTION = 1_000

export interface NatsObjectsOptions extends Omit<BucketOptions, 'name'> {
  readonly bus: NatsBus
  /** Name of the stream in which the objects are: capital letters, digits and underscores. */
  readonly bucket: string
  readonly clock?: Clock
  readonly limits?: Partial<AttemptLimits>
}

/** Objects in a stream of the broker. Rejects with BrokerError when the stream is not to be had, or is not as it must be. */
export async function openNatsObjects(options: NatsObjectsOptions): Promise<ObjectStore> {
  const { bus, bucket, clock = systemClock, limits, ...others } = options
  return new NatsObjects(await ObjectBucket.open(bus, { name: bucket, ...others }), clock, limits)
}

class NatsObjects implements ObjectStore {
  readonly #bucket: ObjectBucket
  readonly #attempts: Attempts

  constructor(bucket: ObjectBucket, clock: Clock, limits?: Partial<AttemptLimits>) {
    this.#bucket = bucket
    this.#attempts = new Attempts(clock, limits)
  }

  put(name: string, octets: Buffer): Promise<void> {
    return this.#ask(`put ${name}`, () => this.#bucket.put(name, octets))
  }

  async read(name: string, { start, end }: OctetRange): Promise<Buffer | undefined> {
    const octets = await this.#ask(`read ${name}`, () => this.#bucket.read(name, start, end))
    return octets && Buffer.from(octets.buffer, octets.byteOffset, octets.length)
  }

  delete(name: string): Promise<void> {
    return this.#ask(`delete ${name}`, () => this.#bucket.delete(name))
  }

  async *list(signal: AbortSignal): AsyncIterable<readonly StoredObject[]> {
    const found = await this.#ask('list', (late) => this.#bucket.list(AbortSignal.any([signal, late])))
    const sorted = found.toSorted((a, b) => (a.name < b.name ? -1 : 1))
    for (let from = 0; from < sorted.length && !signal.aborted; from += PORTION) {
      yield sorted.slice(from, from + PORTION)
    }
  }

  async close(): Promise<void> {
    this.#attempts.close()
  }

  #ask<T>(what: string, request: (signal: AbortSignal) => Promise<T>): Promise<T> {
    return this.#attempts.make(what, async (signal) => {
      try {
        return await request(signal)
      } catch (error) {
        throw translated(error, what)
      }
    })
  }
}

function translated(error: unknown, what: string): unknown {
  if (!(error instanceof BrokerError)) return error
  if (error.fault === 'full')
    return new ContentStoreError('full', `${what}: ${error.message}`, { cause: error })
  return error.fault === 'unavailable' ? new PassingFault(error.message, { cause: error }) : error
}
