import type { SpoolService, SubmitRequest } from '@cartero/contracts/spool/service'
import type { MessageIndex } from '@cartero/message'
import type { Clock } from '@cartero/wire'

import { SpoolError, type Envelope, type FoundInContent, type IntakeDraft, type QueueId } from '../ports.ts'
import { encodeEnvelope } from '../remote-turns/envelope-codec.ts'
import { REMOTE_SPOOL_LIMITS } from './limits.ts'

export interface RemoteDraftOptions {
  /** Rejects with SpoolError. */
  readonly service: Pick<Submitting, 'Submit'>
  readonly queueId: QueueId
  readonly envelope: Envelope
  readonly clock: Clock
}

/** The service, with a signal that ends a call. */
interface Submitting {
  Submit(request: AsyncIterable<SubmitRequest>, signal?: AbortSignal): ReturnType<SpoolService['Submit']>
}

/** A message on its way into a spool in another process. Nothing is said before there are octets. */
export class RemoteDraft implements IntakeDraft {
  readonly queueId: QueueId
  readonly #on: RemoteDraftOptions
  readonly #over = new AbortController()
  #said: SubmitRequest[] = []
  #isWhole = false
  #unsent = 0
  #wake: (() => void) | undefined
  #sent: PromiseWithResolvers<void> | undefined
  #answer: Promise<unknown> | undefined

  constructor(options: RemoteDraftOptions) {
    this.#on = options
    this.queueId = options.queueId
  }

  write(bytes: Buffer): void | Promise<void> {
    const { piece, unsent } = REMOTE_SPOOL_LIMITS
    for (let at = 0; at < bytes.length; at += piece) this.#put(bytes.subarray(at, at + piece))
    if (this.#unsent <= unsent || this.#over.signal.aborted) return undefined
    this.#sent ??= Promise.withResolvers()
    return this.#sent.promise
  }

  async commit(prefix: Buffer, found: FoundInContent = {}, index?: MessageIndex): Promise<QueueId> {
    const { body, hops, tlsOptional = false } = found
    const value = { prefix, body, hops, tlsOptional, ...(index && { index: JSON.stringify(index) }) }
    this.#say({ request: { $case: 'commit', value } })
    this.#isWhole = true
    const late = new SpoolError('unavailable', 'the spool did not answer in time')
    const cancel = this.#on.clock.after(REMOTE_SPOOL_LIMITS.commit, () => this.#over.abort(late))
    try {
      await this.#begun()
      return this.queueId
    } finally {
      cancel()
    }
  }

  abort(): void {
    this.#over.abort(new SpoolError('unavailable', 'the draft was given up'))
  }

  #put(octets: Buffer): void {
    this.#unsent += octets.length
    this.#say({ request: { $case: 'octets', value: octets } })
  }

  #say(request: SubmitRequest): void {
    if (this.#over.signal.aborted) return
    this.#said.push(request)
    this.#wake?.()
    void this.#begun()
  }

  /** What the spool answers, at last. */
  #begun(): Promise<unknown> {
    if (this.#answer === undefined) {
      const { signal } = this.#over
      this.#answer = this.#on.service.Submit(this.#requests(), signal)
      this.#answer.catch((error: unknown) => {
        // Nobody reads what is still written: the commit tells why.
        this.#over.abort(error)
        this.#goOn()
      })
    }
    return this.#answer
  }

  async *#requests(): AsyncGenerator<SubmitRequest, void> {
    const { queueId, envelope } = this.#on
    yield { request: { $case: 'begin', value: { queueId, envelope: encodeEnvelope(envelope) } } }
    for (;;) {
      const request = this.#said.shift()
      if (request !== undefined) {
        yield request
        if (request.request?.$case === 'octets') this.#unsent -= request.request.value.length
        if (this.#unsent <= REMOTE_SPOOL_LIMITS.unsent) this.#goOn()
      } else if (this.#isWhole) return
      else await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }

  #goOn(): void {
    this.#sent?.resolve()
    this.#sent = undefined
  }
}
