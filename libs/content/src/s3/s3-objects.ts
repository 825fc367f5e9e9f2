import { systemClock, type Clock } from '@cartero/wire'

import { Attempts, type AttemptLimits } from '../objects/attempts.ts'
import type { ObjectStore, StoredObject } from '../objects/ports.ts'
import { ContentStoreError, type OctetRange } from '../ports.ts'
import { decodePortion } from './list-portion.ts'
import { describeAnswer, S3Client, type S3Answer, type S3Place, type S3Request } from './s3-client.ts'

export interface S3ObjectsOptions extends S3Place {
  /** Before the name of each object; as in `cartero/contents/`. */
  readonly prefix?: string
  /** Makes the bucket when there is none; otherwise that is an error. */
  readonly makeBucket?: boolean
  readonly clock?: Clock
  readonly limits?: Partial<AttemptLimits>
}

/** Regions in which a bucket is made without saying so. */
const NAMELESS_REGIONS: ReadonlySet<string> = new Set(['', 'us-east-1', 'auto'])
/** Codes by which stores say that no more fits in: Ceph, MinIO, SeaweedFS and others. */
const FULL = /quota|storagefull|insufficientstorage|diskfull|nospace/i

/** Objects in a bucket, addressed as `endpoint/bucket/prefix name`. Throws TypeError for an endpoint that is none. */
export function openS3Objects(options: S3ObjectsOptions): ObjectStore {
  return new S3Objects(options)
}

class S3Objects implements ObjectStore {
  readonly #client: S3Client
  readonly #attempts: Attempts
  readonly #prefix: string
  readonly #region: string
  readonly #makesBucket: boolean

  constructor({ prefix = '', makeBucket = false, clock = systemClock, limits, ...place }: S3ObjectsOptions) {
    this.#client = new S3Client(place, clock)
    this.#attempts = new Attempts(clock, limits)
    this.#prefix = prefix
    this.#region = place.region
    this.#makesBucket = makeBucket
  }

  async put(name: string, octets: Buffer): Promise<void> {
    const what = `put ${name}`
    const request: S3Request = { method: 'PUT', key: this.#prefix + name, body: octets }
    let answer = await this.#ask(what, request)
    if (answer.code === 'NoSuchBucket' && this.#makesBucket) {
      await this.#makeBucket()
      answer = await this.#ask(what, request)
    }
    expect(answer, what, [200])
  }

  async read(name: string, { start, end }: OctetRange): Promise<Buffer | undefined> {
    const what = `read ${name}`
    // At least one octet is asked for: the answer tells whether there is such an object.
    const last = Math.max(end, start + 1) - 1
    const range = `bytes=${start}-${Number.isFinite(last) ? last : ''}`
    const answer = await this.#ask(what, { method: 'GET', key: this.#prefix + name, headers: { range } })
    if (isAbsent(answer)) return undefined
    // The range begins behind the end.
    if (answer.status === 416) return Buffer.alloc(0)
    expect(answer, what, [200, 206])
    const from = answer.status === 206 ? 0 : start
    return answer.body.subarray(from, from + Math.max(end - start, 0))
  }

  async delete(name: string): Promise<void> {
    const what = `delete ${name}`
    const answer = await this.#ask(what, { method: 'DELETE', key: this.#prefix + name })
    if (!isAbsent(answer)) expect(answer, what, [200, 204])
  }

  async *list(signal: AbortSignal): AsyncIterable<readonly StoredObject[]> {
    let token: string | undefined
    do {
      if (signal.aborted) return
      const query = {
        'list-type': '2',
        ...(this.#prefix !== '' && { prefix: this.#prefix }),
        ...(token !== undefined && { 'continuation-token': token }),
      }
      const answer = await this.#ask('list', { method: 'GET', query })
      // A bucket that is made when it is needed is empty before.
      if (answer.code === 'NoSuchBucket' && this.#makesBucket) return
      expect(answer, 'list', [200])
      const portion = decodePortion(answer.body)
      if (portion.next !== undefined && portion.next === token) throw fault('list', 'S3 repeats itself')
      token = portion.next
      yield portion.objects.map(({ name, size }) => ({ name: name.slice(this.#prefix.length), size }))
    } while (token !== undefined)
  }

  async close(): Promise<void> {
    this.#attempts.close()
    this.#client.close()
  }

  #ask(what: string, request: S3Request): Promise<S3Answer> {
    return this.#attempts.make(what, (signal) => this.#client.ask(request, signal))
  }

  async #makeBucket(): Promise<void> {
    const body = NAMELESS_REGIONS.has(this.#region)
      ? undefined
      : Buffer.from(
          '<CreateBucketConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">' +
            `<LocationConstraint>${this.#region}</LocationConstraint></CreateBucketConfiguration>`,
        )
    const answer = await this.#ask('make the bucket', { method: 'PUT', ...(body && { body }) })
    // Somebody else has just made it.
    if (answer.code !== 'BucketAlreadyOwnedByYou') expect(answer, 'make the bucket', [200])
  }
}

/** No such object; that there is no bucket is another matter. */
function isAbsent({ status, code }: S3Answer): boolean {
  return status === 404 && code !== 'NoSuchBucket'
}

function expect(answer: S3Answer, what: string, statuses: readonly number[]): void {
  if (statuses.includes(answer.status)) return
  const isFull = answer.status === 507 || FULL.test(answer.code ?? '')
  if (isFull) throw new ContentStoreError('full', `${what}: ${describeAnswer(answer)}`)
  throw fault(what, describeAnswer(answer))
}

function fault(what: string, why: string): ContentStoreError {
  return new ContentStoreError('io', `${what}: ${why}`)
}
