import { Server } from '@grpc/grpc-js'
import { HealthDefinition } from '@cartero/contracts/health'

import { serverCredentials, type AgentIdentity } from './credentials.ts'
import { grpcMethods } from './definition.ts'
import type { HearEndedCall } from './ended-call.ts'
import { handlerOf, type Method } from './handler.ts'
import { HealthBoard } from './health.ts'
import { RPC_LIMITS, serverOptions, type KeepAlive } from './limits.ts'
import { callersOf, type Offer } from './offer.ts'
import { RpcError, statusOf } from './rpc-error.ts'
import { ServedCalls } from './served-calls.ts'
import { silenceGrpc } from './silence.ts'

export interface RpcServerOptions {
  /** `host:port`, port 0 for any that is free, or `unix:/path`. */
  readonly address: string
  /** Needed everywhere but on loopback and on sockets of this machine. */
  readonly identity?: AgentIdentity
  readonly offers: readonly Offer[]
  /** Told of errors that nobody foresaw, with the name of the procedure. */
  readonly bug: (error: unknown, procedure: string) => void
  /** Told of each call that has ended. */
  readonly ended?: HearEndedCall
  readonly keepAlive?: KeepAlive
}

/** Answers other agents over gRPC, and says how it is (grpc.health.v1) to whoever our authority vouches for. */
export class RpcServer {
  readonly #server: Server
  readonly #options: RpcServerOptions
  readonly #health: HealthBoard
  readonly #calls: ServedCalls

  /** Throws TypeError for a list of callers where nobody shows who he is. */
  constructor(options: RpcServerOptions) {
    const { offers, ended, keepAlive } = options
    silenceGrpc()
    this.#options = options
    this.#server = new Server(serverOptions(keepAlive))
    this.#calls = new ServedCalls(ended)
    this.#health = new HealthBoard(offers.map(({ definition }) => definition.fullName))
    for (const offer of offers) this.#offer(offer, this.#calls)
    // Whoever watches our health is no work under way.
    this.#offer({ definition: HealthDefinition, implementation: this.#health }, new ServedCalls(undefined))
  }

  /** Fulfilled with the port when it listens; 0 for a socket of this machine. */
  async listen(): Promise<number> {
    const { address, identity } = this.#options
    const credentials = serverCredentials(address, identity)
    return await new Promise((resolve, reject) => {
      this.#server.bindAsync(address, credentials, (error, port) => (error ? reject(error) : resolve(port)))
    })
  }

  /** Calls under way. */
  get inFlight(): number {
    return this.#calls.count
  }

  /** What is said of our health from now on; of one service, or of all of it. */
  tellHealth(isServing: boolean, service?: string): void {
    this.#health.tell(isServing, service)
  }

  /** Says that it leaves, and goes on answering: whoever can goes elsewhere. */
  drain(): void {
    this.#health.leave()
  }

  /** Takes no new calls, and waits for those under way; what has not ended by then, or when the signal aborts, is cut off. */
  async close(signal: AbortSignal = AbortSignal.timeout(RPC_LIMITS.drain)): Promise<void> {
    this.drain()
    const closed = Promise.withResolvers<void>()
    let parting: NodeJS.Timeout | undefined
    const cut = (): void => {
      this.#calls.cut()
      this.#server.forceShutdown()
      // gRPC never hears of the end of a connection that it has given up at that very moment.
      parting = setTimeout(closed.resolve, RPC_LIMITS.parting)
    }
    signal.addEventListener('abort', cut, { once: true })
    if (signal.aborted) cut()
    this.#server.tryShutdown(() => closed.resolve())
    await closed.promise
    clearTimeout(parting)
    signal.removeEventListener('abort', cut)
  }

  #offer({ definition, implementation, faultOf, callers }: Offer, calls: ServedCalls): void {
    if (callers !== undefined && this.#options.identity === undefined)
      throw new TypeError(`who may ask ${definition.fullName} can be told by certificates only`)
    const handlers = Object.values(definition.methods).map((procedure) => {
      const name = `${definition.fullName}/${procedure.name}`
      const method = (implementation as Record<string, Method>)[procedure.name]!.bind(implementation)
      const told = (error: unknown): ReturnType<typeof statusOf> => {
        const fault = error instanceof RpcError ? error : faultOf?.(error)
        if (fault === undefined) this.#options.bug(error, name)
        return statusOf(fault ?? error)
      }
      const may = callersOf(callers, procedure.name)
      return [
        procedure.name,
        handlerOf({ name, procedure, method, calls, callers: may && new Set(may), told }),
      ]
    })
    this.#server.addService(grpcMethods(definition), Object.fromEntries(handlers) as never)
  }
}
