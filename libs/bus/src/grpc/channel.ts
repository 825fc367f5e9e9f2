import { Client, type ClientDuplexStream, type MethodDefinition, type ServiceError } from '@grpc/grpc-js'

import { channelCredentials, type AgentIdentity } from './credentials.ts'
import { grpcMethods, type RpcDefinition, type ServiceOf } from './definition.ts'
import { CHANNEL_OPTIONS, RPC_LIMITS } from './limits.ts'
import { RpcError, rpcErrorOf } from './rpc-error.ts'
import { readAll, writeAll } from './streams.ts'

export interface RpcChannelOptions {
  /** `host:port` (a name with several addresses is balanced), or `unix:/path`. */
  readonly address: string
  /** Needed everywhere but on loopback and on sockets of this machine. */
  readonly identity?: AgentIdentity
  /** Milliseconds for a question that is answered by one message; RPC_LIMITS.unary when absent. */
  readonly deadline?: number
}

/** A connection to another agent, made when it is needed and made again when it broke. */
export class RpcChannel {
  readonly #client: Client
  readonly #deadline: number

  constructor({ address, identity, deadline = RPC_LIMITS.unary }: RpcChannelOptions) {
    this.#deadline = deadline
    this.#client = new Client(address, channelCredentials(address, identity), {
      ...CHANNEL_OPTIONS,
      'grpc.max_reconnect_backoff_ms': RPC_LIMITS.longestReconnect,
    })
  }

  /**
   * The service as an object with its methods. A question rejects with what `errorOf` makes of an RpcError; so does the iteration of a
   * stream. Leaving the loop over a stream ends its call. Streams have no deadline: they end with the connection, whose death
   * is noticed (RPC_LIMITS.keepAlive).
   */
  service<Definition extends RpcDefinition>(
    definition: Definition,
    errorOf: (error: RpcError) => Error = (error) => error,
  ): ServiceOf<Definition> {
    const methods = grpcMethods(definition)
    const calls = Object.values(definition.methods).map(({ name, requestStream, responseStream }) => {
      const method = methods[name]!
      const failed = (error: unknown): Error => errorOf(rpcErrorOf(error, name))
      if (requestStream && !responseStream)
        throw new TypeError(`${name}: streams of questions have streams of answers`)
      return [name, responseStream ? this.#streaming(method, failed) : this.#asking(method, failed)]
    })
    return Object.fromEntries(calls) as ServiceOf<Definition>
  }

  close(): void {
    this.#client.close()
  }

  #asking(method: MethodDefinition<object, object>, failed: (error: unknown) => Error) {
    const { path, requestSerialize, responseDeserialize } = method
    return (request: object): Promise<object> =>
      new Promise((resolve, reject) => {
        const deadline = Date.now() + this.#deadline
        const heard = (error: ServiceError | null, response?: object): void =>
          error === null ? resolve(response!) : reject(failed(error))
        this.#client.makeUnaryRequest(
          path,
          requestSerialize,
          responseDeserialize,
          request,
          { deadline },
          heard,
        )
      })
  }

  #streaming(method: MethodDefinition<object, object>, failed: (error: unknown) => Error) {
    const client = this.#client
    const { path, requestSerialize, responseDeserialize, requestStream } = method
    return async function* stream(request: object): AsyncGenerator<object, void> {
      const over = new AbortController()
      const spoken = requestStream
        ? client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize)
        : undefined
      const call =
        spoken ?? client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, request)
      call.on('error', (error) => over.abort(error))
      if (spoken !== undefined) say(spoken, request as AsyncIterable<object>, over)
      try {
        yield* readAll(call, over.signal)
      } catch (error) {
        throw failed(error)
      } finally {
        over.abort(new RpcError('CANCELLED', 'nobody listens any more'))
        call.cancel()
      }
    }
  }
}

/** Says what there is to say while the answers are read; a source that fails ends the call. */
function say(
  call: ClientDuplexStream<object, object>,
  source: AsyncIterable<object>,
  over: AbortController,
): void {
  void writeAll(call, source, over.signal).then(
    () => call.end(),
    (error: unknown) => over.abort(error),
  )
}
