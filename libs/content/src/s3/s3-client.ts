import * as http from 'node:http'
import * as https from 'node:https'

import type { Clock } from '@cartero/wire'

import { PassingFault } from '../objects/attempts.ts'
import { pathOf, queryString, signed, type SigningKey } from './signature.ts'

/** Connections that are kept open at most; more requests wait for one. */
const MAX_CONNECTIONS = 64
/** No answer is larger: an object, or a portion of a list. */
const MAX_ANSWER = 8 * 1024 * 1024

export interface S3Place extends SigningKey {
  /** `https://s3.example.net`; the bucket comes behind it. */
  readonly endpoint: string
  readonly bucket: string
  /** Certificates in PEM of whoever may vouch for the endpoint; absent: those that Node.js trusts. */
  readonly ca?: string | Buffer
}

export interface S3Request {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'DELETE'
  /** Behind the bucket; absent: the bucket itself. */
  readonly key?: string
  readonly query?: Readonly<Record<string, string>>
  /** Not signed: who may change the answer on the way may as well change the range, and a checksum tells. */
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Buffer
}

export interface S3Answer {
  readonly status: number
  /** What kind of error it is, in the words of S3, when it is one and says so. */
  readonly code: string | undefined
  readonly body: Buffer
}

/** Makes signed requests, each on a connection that is used again. Neither key nor signature is in any error. */
export class S3Client {
  readonly #place: S3Place
  readonly #base: URL
  readonly #clock: Clock
  readonly #agent: http.Agent

  constructor(place: S3Place, clock: Clock) {
    this.#place = place
    this.#base = new URL(place.endpoint)
    this.#clock = clock
    if (this.#base.protocol !== 'http:' && this.#base.protocol !== 'https:') {
      throw new TypeError(`an S3 endpoint begins with http:// or https://, not ${this.#base.protocol}`)
    }
    const options = { keepAlive: true, maxSockets: MAX_CONNECTIONS, noDelay: true }
    this.#agent =
      this.#base.protocol === 'http:'
        ? new http.Agent(options)
        : new https.Agent({ ...options, ...(place.ca !== undefined && { ca: place.ca }) })
  }

  /** Throws PassingFault when the connection failed or the store is too busy. */
  async ask(request: S3Request, signal: AbortSignal): Promise<S3Answer> {
    const answer = await this.#exchange(request, signal)
    if (isPassing(answer)) throw new PassingFault(describeAnswer(answer))
    return answer
  }

  close(): void {
    this.#agent.destroy()
  }

  #exchange(request: S3Request, signal: AbortSignal): Promise<S3Answer> {
    const { method, body = Buffer.alloc(0), query = {} } = request
    const parts = [this.#place.bucket, ...(request.key === undefined ? [] : [request.key])]
    const path = this.#base.pathname.replace(/\/$/, '') + pathOf(...parts)
    const headers = { host: this.#base.host }
    const signedHeaders = signed({ method, path, query, headers, body }, this.#place, this.#clock.now())
    const search = queryString(query)
    return new Promise((resolve, reject) => {
      const { request: ask } = this.#base.protocol === 'http:' ? http : https
      const asked = ask({
        agent: this.#agent,
        protocol: this.#base.protocol,
        hostname: this.#base.hostname.replaceAll(/[[\]]/g, ''),
        port: this.#base.port,
        method,
        path: search === '' ? path : `${path}?${search}`,
        headers: { ...request.headers, ...signedHeaders, 'content-length': body.length },
        signal,
      })
      const fail = (error: NodeJS.ErrnoException): void =>
        reject(new PassingFault(error.code ?? 'the connection failed', { cause: error }))
      asked.on('error', fail)
      asked.on('response', (response) => void gather(response).then(resolve, fail))
      asked.end(body)
    })
  }
}

/** For an error: the status, and the code when there is one. */
export function describeAnswer({ status, code }: S3Answer): string {
  return code === undefined ? `S3 answered ${status}` : `S3 answered ${status} ${code}`
}

async function gather(response: http.IncomingMessage): Promise<S3Answer> {
  const pieces: Buffer[] = []
  let size = 0
  for await (const piece of response as AsyncIterable<Buffer>) {
    size += piece.length
    if (size > MAX_ANSWER) throw new Error('the answer is longer than any object')
    pieces.push(piece)
  }
  const status = response.statusCode ?? 0
  const body = Buffer.concat(pieces, size)
  return { status, body, code: status >= 300 ? codeOf(body) : undefined }
}

function codeOf(body: Buffer): string | undefined {
  return /<Code>([A-Za-z]{1,64})<\/Code>/.exec(body.toString('latin1', 0, 4_096))?.[1]
}

/** The store asks to come again, or had an accident. 507 is neither. */
function isPassing({ status, code }: S3Answer): boolean {
  if (status === 408 || status === 429) return true
  if (status >= 500) return status !== 501 && status !== 507
  return code === 'RequestTimeout' || code === 'SlowDown' || code === 'OperationAborted'
}
