import type { Client, ClientReadableStream, MethodDefinition, ServiceError } from '@grpc/grpc-js'

import type { Clients } from './clients.ts'
import type { HearEndedCall } from './ended-call.ts'
import { RpcError, rpcErrorOf } from './rpc-error.ts'
import { readAll, writeAll, type Sink } from './streams.ts'

export interface CalledProcedureOptions {
  readonly clients: Clients
  /** With the name of its service. */
  readonly name: string
  readonly method: MethodDefinition<object, object>
  readonly errorOf: (error: RpcError) => Error
  /** Milliseconds. */
  readonly deadline: number | undefined
  readonly ended: HearEndedCall | undefined
}

/** Tells once what became of a call. */
interface Account {
  ok(): void
  /** Whoever asked listens no more. */
  left(): void
  /** Returns what he is told. */
  failed(error: unknown): unknown
}

/** One procedure of a service that is elsewhere. */
export class CalledProcedure {
  readonly #on: CalledProcedureOptions
  readonly #shortName: string
  readonly call: (request: never, signal?: AbortSignal) => unknown

  constructor(options: CalledProcedureOptions) {
    this.#on = options
    this.#shortName = options.name.slice(options.name.lastIndexOf('/') + 1)
    const { requestStream, responseStream } = options.method
    if (responseStream) this.call = (request, signal) => this.#stream(request, signal)
    else if (requestStream) this.call = (request, signal) => this.#tell(request, signal)
    else this.call = (request, signal) => this.#ask(request, signal)
  }

  #terms(): { readonly deadline?: number } {
    const { deadline } = this.#on
    return deadline === undefined ? {} : { deadline: Date.now() + deadline }
  }

  /** Says what became of a call, and makes of an error what the caller is told. */
  #begin(signal: AbortSignal | undefined): Account {
    const { name, ended, errorOf, method, clients } = this.#on
    if (clients.isClosed)
      throw errorOf(new RpcError('UNAVAILABLE', `${this.#shortName}: the channel is closed`))
    const isStream = method.requestStream || method.responseStream
    const begun = performance.now()
    let isTold = false
    const tell = (code: RpcError['code'] | 'OK'): void => {
      if (!isTold) ended?.({ procedure: name, code, milliseconds: performance.now() - begun, isStream })
      isTold = true
    }
    return {
      ok: () => tell('OK'),
      left: () => tell('CANCELLED'),
      failed: (error) => {
        const known = rpcErrorOf(error, this.#shortName)
        tell(signal?.aborted === true ? 'CANCELLED' : known.code)
        return signal?.aborted === true ? signal.reason : errorOf(known)
      },
    }
  }

  async #ask(request: object, signal: AbortSignal | undefined): Promise<object> {
    signal?.throwIfAborted()
    const { clients, method } = this.#on
    const { path, requestSerialize, responseDeserialize } = method
    const account = this.#begin(signal)
    using lent = clients.lend()
    return await new Promise((resolve, reject) => {
      const heard = (error: ServiceError | null, response?: object): void => {
        signal?.removeEventListener('abort', cancel)
        if (error === null) account.ok()
        return error === null ? resolve(response!) : reject(account.failed(error))
      }
      const call = lent.client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        request,
        this.#terms(),
        heard,
      )
      const cancel = (): void => call.cancel()
      signal?.addEventListener('abort', cancel, { once: true })
    })
  }

  /** A stream of requests that is answered once; it may be answered before all of it was said. */
  async #tell(source: AsyncIterable<object>, signal: AbortSignal | undefined): Promise<object> {
    signal?.throwIfAborted()
    const { clients, method } = this.#on
    const { path, requestSerialize, responseDeserialize } = method
    const account = this.#begin(signal)
    using lent = clients.lend()
    const over = new AbortController()
    const answer = Promise.withResolvers<object>()
    const heard = (error: ServiceError | null, response?: object): void =>
      error === null ? answer.resolve(response!) : answer.reject(error)
    const call = lent.client.makeClientStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      this.#terms(),
      heard,
    )
    const giveUp = (): void => over.abort(signal?.reason)
    signal?.addEventListener('abort', giveUp, { once: true })
    void say(call, source, over.signal).catch((error: unknown) => {
      answer.reject(error)
      call.cancel()
    })
    try {
      const response = await answer.promise
      account.ok()
      return response
    } catch (error) {
      throw account.failed(error)
    } finally {
      signal?.removeEventListener('abort', giveUp)
      over.abort()
    }
  }

  async *#stream(request: object, signal: AbortSignal | undefined): AsyncGenerator<object, void> {
    signal?.throwIfAborted()
    const account = this.#begin(signal)
    const over = new AbortController()
    const giveUp = (): void => over.abort(signal?.reason)
    signal?.addEventListener('abort', giveUp, { once: true })
    using lent = this.#on.clients.lend()
    const call = this.#opened(lent.client, request, over)
    call.on('error', (error) => over.abort(error))
    try {
      yield* readAll(call, over.signal)
      account.ok()
    } catch (error) {
      throw account.failed(error)
    } finally {
      account.left()
      signal?.removeEventListener('abort', giveUp)
      over.abort(new RpcError('CANCELLED', 'nobody listens any more'))
      call.cancel()
    }
  }

  #opened(client: Client, request: object, over: AbortController): ClientReadableStream<object> {
    const { path, requestSerialize, responseDeserialize, requestStream } = this.#on.method
    const terms = this.#terms()
    if (!requestStream)
      return client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, request, terms)
    const call = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, terms)
    void say(call, request as AsyncIterable<object>, over.signal).catch((error: unknown) => over.abort(error))
    return call
  }
}

/** Says what there is to say while the answers are read. */
async function say(
  call: Sink & { end(): unknown },
  source: AsyncIterable<object>,
  signal: AbortSignal,
): Promise<void> {
  await writeAll(call, source, signal)
  call.end()
}
