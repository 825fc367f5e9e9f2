import {
  Server,
  type handleBidiStreamingCall,
  type handleClientStreamingCall,
  type handleServerStreamingCall,
  type handleUnaryCall,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
} from '@grpc/grpc-js'

import { serverCredentials, type AgentIdentity } from './credentials.ts'
import { grpcMethods, type RpcDefinition } from './definition.ts'
import { CHANNEL_OPTIONS, RPC_LIMITS } from './limits.ts'
import { RpcError, statusOf } from './rpc-error.ts'
import { readAll, writeAll } from './streams.ts'

/** A service that is offered to other agents: what generated code says of it, and an object with its methods. */
export interface Offer {
  readonly definition: RpcDefinition
  readonly implementation: object
  /** The fault that an error stands for; undefined when it is a bug. */
  readonly faultOf?: (error: unknown) => RpcError | undefined
}

export interface RpcServerOptions {
  /** `host:port`, port 0 for any that is free, or `unix:/path`. */
  readonly address: string
  /** Needed everywhere but on loopback and on sockets of this machine. */
  readonly identity?: AgentIdentity
  readonly offers: readonly Offer[]
  /** Told of errors that nobody foresaw, with the name of the procedure. */
  readonly bug: (error: unknown, procedure: string) => void
}

type Method = (request: unknown) => unknown

/** Answers other agents over gRPC. */
export class RpcServer {
  readonly #server = new Server(CHANNEL_OPTIONS)
  readonly #options: RpcServerOptions
  /** Aborted when the server is to be gone: whoever streams ends then. */
  readonly #leaving = new AbortController()

  constructor(options: RpcServerOptions) {
    this.#options = options
    for (const offer of options.offers) this.#offer(offer)
  }

  /** Fulfilled with the port when it listens; 0 for a socket of this machine. */
  async listen(): Promise<number> {
    const { address, identity } = this.#options
    const credentials = serverCredentials(address, identity)
    return await new Promise((resolve, reject) => {
      this.#server.bindAsync(address, credentials, (error, port) => (error ? reject(error) : resolve(port)))
    })
  }

  /** Takes no new calls, and waits for those under way; what has not ended by then, or when the signal aborts, is cut off. */
  async close(signal: AbortSignal = AbortSignal.timeout(RPC_LIMITS.drain)): Promise<void> {
    const cut = (): void => {
      this.#leaving.abort(new RpcError('UNAVAILABLE', 'this agent is leaving'))
      this.#server.forceShutdown()
    }
    signal.addEventListener('abort', cut, { once: true })
    if (signal.aborted) cut()
    await new Promise<void>((resolve) => this.#server.tryShutdown(() => resolve()))
    signal.removeEventListener('abort', cut)
  }

  #offer({ definition, implementation, faultOf }: Offer): void {
    const methods = grpcMethods(definition)
    const handlers = Object.values(definition.methods).map(({ name, requestStream, responseStream }) => {
      const method = (implementation as Record<string, Method>)[name]!.bind(implementation)
      const told = (error: unknown): ReturnType<typeof statusOf> => {
        const fault = error instanceof RpcError ? error : faultOf?.(error)
        if (fault === undefined) this.#options.bug(error, `${definition.fullName}/${name}`)
        return statusOf(fault ?? error)
      }
      return [name, this.#handler(method, told, { requestStream, responseStream })]
    })
    this.#server.addService(methods, Object.fromEntries(handlers) as never)
  }

  #handler(
    method: Method,
    told: (error: unknown) => ReturnType<typeof statusOf>,
    { requestStream, responseStream }: { readonly requestStream: boolean; readonly responseStream: boolean },
  ): unknown {
    if (responseStream) {
      const stream = (
        call: ServerWritableStream<object, object> | ServerDuplexStream<object, object>,
      ): void =>
        void this.#stream(call, method).catch((error: unknown) => {
          if (!call.cancelled) call.emit('error', told(error))
        })
      return stream satisfies handleServerStreamingCall<object, object> &
        handleBidiStreamingCall<object, object>
    }
    const answer = (
      call: ServerUnaryCall<object, object> | ServerReadableStream<object, object>,
      callback: (error: ReturnType<typeof statusOf> | null, response?: object) => void,
    ): void => {
      const request = requestStream
        ? readAll(call as ServerReadableStream<object, object>, this.#signalOf(call))
        : (call as ServerUnaryCall<object, object>).request
      void answered(method, request).then(
        // oxlint-disable-next-line promise/no-callback-in-promise -- gRPC wants to be called back
        (response) => callback(null, response),
        // oxlint-disable-next-line promise/no-callback-in-promise -- likewise
        (error: unknown) => callback(told(error)),
      )
    }
    return answer satisfies handleUnaryCall<object, object> & handleClientStreamingCall<object, object>
  }

  async #stream(
    call: ServerWritableStream<object, object> | ServerDuplexStream<object, object>,
    method: Method,
  ): Promise<void> {
    const signal = this.#signalOf(call)
    const request = 'read' in call ? readAll(call, signal) : call.request
    await writeAll(call, method(request) as AsyncIterable<object>, signal)
    call.end()
  }

  /** Aborts when the caller is gone, or when we have to be. */
  #signalOf(call: { once(event: 'cancelled', listener: () => void): unknown }): AbortSignal {
    const gone = new AbortController()
    call.once('cancelled', () => gone.abort(new RpcError('CANCELLED', 'the caller went away')))
    return AbortSignal.any([gone.signal, this.#leaving.signal])
  }
}

/** A method that throws at once is one that rejects. */
async function answered(method: Method, request: unknown): Promise<object> {
  return (await method(request)) as object
}
