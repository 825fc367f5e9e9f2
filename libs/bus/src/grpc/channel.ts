import { Client } from '@grpc/grpc-js'

import { CalledProcedure } from './called-procedure.ts'
import { channelCredentials, nameAskedFor, type AgentIdentity } from './credentials.ts'
import { grpcMethods, type RpcDefinition, type ServiceOf } from './definition.ts'
import type { HearEndedCall } from './ended-call.ts'
import { channelOptions, RPC_LIMITS, type KeepAlive } from './limits.ts'
import type { RpcError } from './rpc-error.ts'

export interface RpcChannelOptions {
  /** `host:port`, also as `dns:///host:port`: all addresses of a name are asked in turn. Or `unix:/path`. */
  readonly address: string
  /** Needed everywhere but on loopback and on sockets of this machine. */
  readonly identity?: AgentIdentity
  /** Milliseconds for a question that is answered by one message; RPC_LIMITS.unary when absent. */
  readonly deadline?: number
  /** Told of each call that has ended. */
  readonly ended?: HearEndedCall
  readonly keepAlive?: KeepAlive
}

/**
 * Milliseconds for a call, by the name of its procedure: where the channel's deadline is not the right one, and for streams that come to
 * an end by themselves.
 */
export type Deadlines = Readonly<Record<string, number>>

/** Connections to other agents of a kind, made when they are needed and made again when they broke. */
export class RpcChannel {
  readonly #client: Client
  readonly #deadline: number
  readonly #ended: HearEndedCall | undefined
  #isClosed = false

  constructor({ address, identity, deadline = RPC_LIMITS.unary, ended, keepAlive }: RpcChannelOptions) {
    this.#deadline = deadline
    this.#ended = ended
    const place = address.replace(/^dns:\/\/\//, '')
    const options = { ...channelOptions(keepAlive), ...nameAskedFor(place) }
    this.#client = new Client(address, channelCredentials(place, identity), options)
  }

  /**
   * The service as an object with its methods. A question rejects with what `errorOf` makes of an RpcError; so does the iteration of a
   * stream. Leaving the loop over a stream ends its call. Streams have no deadline but one in `deadlines`: they end with the
   * connection, whose death is noticed (RPC_LIMITS.keepAlive).
   */
  service<Definition extends RpcDefinition>(
    definition: Definition,
    errorOf: (error: RpcError) => Error = (error) => error,
    deadlines: Deadlines = {},
  ): ServiceOf<Definition> {
    const methods = grpcMethods(definition)
    const calls = Object.values(definition.methods).map(({ name, requestStream, responseStream }) => {
      const deadline = deadlines[name] ?? (requestStream || responseStream ? undefined : this.#deadline)
      const procedure = new CalledProcedure({
        client: this.#client,
        name: `${definition.fullName}/${name}`,
        method: methods[name]!,
        errorOf,
        deadline,
        ended: this.#ended,
        isClosed: () => this.#isClosed,
      })
      return [name, procedure.call]
    })
    return Object.fromEntries(calls) as ServiceOf<Definition>
  }

  /** Calls under way end as they would; whoever asks afterwards hears UNAVAILABLE. */
  close(): void {
    this.#isClosed = true
    this.#client.close()
  }
}
