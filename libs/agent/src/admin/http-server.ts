import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

import { explainSystemError } from '../lifecycle/operator-error.ts'

/** Milliseconds in which a request must have arrived; its answers are small and computed at once. */
export const REQUEST_DEADLINE = 10_000
/** Open connections; scrapers and probes are few. */
export const MOST_CONNECTIONS = 100

export type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void>

/** Where to listen: an address and port (port 0: any free one), or the path of a socket. */
export type Endpoint = { readonly host: string; readonly port: number } | { readonly path: string }

/** A small HTTP server: bounded, without keep-alive, and no request can bring it down. */
export class SmallHttpServer {
  readonly #server: Server
  readonly #endpoint: Endpoint

  /** `requestDeadline`: 0 leaves it to the handler how long a request may take to come. */
  constructor(endpoint: Endpoint, handler: Handler, options: { readonly requestDeadline?: number } = {}) {
    this.#endpoint = endpoint
    const { requestDeadline: requestTimeout = REQUEST_DEADLINE } = options
    this.#server = createServer({ requestTimeout }, (request, response) => {
      response.setHeader('connection', 'close')
      handler(request, response).catch((error: unknown) => {
        if (!response.headersSent) response.writeHead(500, { 'content-type': 'text/plain; charset=utf-8' })
        response.end(`${String(error)}\n`)
      })
    })
    this.#server.maxConnections = MOST_CONNECTIONS
  }

  /** The port that is listened on, for an endpoint that had port 0. */
  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** Rejects with an OperatorError when the endpoint cannot be had. */
  async listen(): Promise<void> {
    const endpoint = this.#endpoint
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#server.once('error', reject)
    this.#server.listen(endpoint, () => resolve())
    try {
      await promise
    } catch (error) {
      throw explainSystemError(
        error,
        `listen on ${'path' in endpoint ? endpoint.path : `${endpoint.host}:${endpoint.port}`}`,
      )
    }
    this.#server.removeListener('error', reject)
    // A failing accept (too many open files) is not the end of the server.
    this.#server.on('error', () => undefined)
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#server.close(() => resolve())
    this.#server.closeAllConnections()
    await promise
  }
}
