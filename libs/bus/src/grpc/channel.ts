import { Client } from '@grpc/grpc-js'
import { systemClock, type Clock } from '@cartero/wire'

import { CalledProcedure } from './called-procedure.ts'
import { Clients } from './clients.ts'
import { channelCredentials, nameAskedFor, type AgentIdentity } from './credentials.ts'
import { grpcMethods, type RpcDefinition, type ServiceOf } from './definition.ts'
import type { HearEndedCall } from './ended-call.ts'
import { channelOptions, RPC_LIMITS, type KeepAlive } from './limits.ts'
import type { RpcError } from './rpc-error.ts'
import { silenceGrpc } from './silence.ts'

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
  /** Milliseconds after which calls begin over fresh connections; RPC_LIMITS.renewal when absent. */
  readonly renewal?: number
  /** For the renewal. */
  readonly clock?: Clock
}

/**
 * Milliseconds for a call, by the name of its procedure: where the channel's deadline is not the right one, and for streams that come to
 * an end by themselves.
 */
export type Deadlines = Readonly<Record<string, number>>

/**
 * Connections to other agents of a kind, made when they are needed and made again when they broke. New calls find agents that came since
 * within `renewal`; a call under way is never cut for that.
 */
export class RpcChannel {
  readonly #clients: Clients
  readonly #deadline: number
  readonly #ended: HearEndedCall | undefined

  constructor({
    address,
    identity,
    deadline = RPC_LIMITS.unary,
    ended,
    keepAlive,
    ...times
  }: RpcChannelOptions) {
    const { renewal = RPC_LIMITS.renewal, clock = systemClock } = times
    silenceGrpc()
    this.#deadline = deadline
    this.#ended = ended
    const place = address.replace(/^dns:\/\/\//, '')
    const options = { ...channelOptions(keepAlive), ...nameAskedFor(place) }
    const credentials = channelCredentials(place, identity)
    this.#clients = new Clients({ open: () => new Client(address, credentials, options), clock, renewal })
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
        clients: this.#clients,
        name: `${definition.fullName}/${name}`,
        method: methods[name]!,
        errorOf,
        deadline,
        ended: this.#ended,
      })
      return [name, procedure.call]
    })
    return Object.fromEntries(calls) as ServiceOf<Definition>
  }

  /** Calls under way end as they would; whoever asks afterwards hears UNAVAILABLE. */
  close(): void {
    this.#clients.close()
  }
}
