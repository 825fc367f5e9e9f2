import { once } from 'node:events'
import { createServer, type Server } from 'node:https'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { TestAuthority, type TestIdentity } from '@cartero/testkit'

export type Answer = (response: ServerResponse, request: IncomingMessage) => void

/** Vouches for every policy host of the tests. */
export const AUTHORITY = TestAuthority.root()
const IDENTITY = AUTHORITY.issue({
  names: ['mta-sts.example.com', 'mta-sts.other.example', 'mta-sts.relay.example'],
})

/** A host of MTA-STS policies on loopback. */
export class PolicyHost {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  /** Which host was asked for, and for what. */
  readonly asked: string[] = []
  answer: Answer

  private constructor(answer: Answer, identity: TestIdentity) {
    this.answer = answer
    this.#server = createServer({ cert: identity.certificate, key: identity.key }, (request, response) => {
      this.asked.push(`${request.headers.host?.replace(/:\d+$/, '')}${request.url}`)
      this.answer(response, request)
    })
    this.#server.on('connection', (socket) => this.#sockets.add(socket))
  }

  static async start(
    answer: Answer = policyText('enforce'),
    identity: TestIdentity = IDENTITY,
  ): Promise<PolicyHost> {
    const host = new PolicyHost(answer, identity)
    await once(host.#server.listen(0, '127.0.0.1'), 'listening')
    return host
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  stop(): void {
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
  }
}

/** Answers with a policy. */
export function policyText(mode: string, mx = 'mx.example.com', maxAge = 86_400): Answer {
  return plain(`version: STSv1\nmode: ${mode}\nmx: ${mx}\nmax_age: ${maxAge}\n`)
}

export function plain(text: string, type = 'text/plain'): Answer {
  return (response) => response.writeHead(200, { 'content-type': type }).end(text)
}
