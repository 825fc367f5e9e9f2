import {
  replies,
  serveSession,
  SmtpServerMachine,
  type MailCommand,
  type RcptCommand,
  type Reply,
  type SmtpSession,
} from '@cartero/smtp/server'
import { formatMailbox } from '@cartero/syntax'
import { freePortBase } from '@cartero/testkit'
import { systemClock } from '@cartero/wire'
import { Listener } from '@cartero/wire/node'

/** What came home. */
export interface Arrived {
  readonly from: string
  readonly to: readonly string[]
  readonly text: string
}

/** The mail server of a customer whose client passes on to it what the provider says. */
export class HomeServer implements AsyncDisposable {
  readonly arrived: Arrived[] = []
  readonly port: number
  readonly #listener: Listener

  private constructor(port: number) {
    this.port = port
    this.#listener = new Listener({
      host: '127.0.0.1',
      port,
      clock: systemClock,
      accept: () => {
        const session = new HomeSession((arrived) => void this.arrived.push(arrived))
        const machine = new SmtpServerMachine(session, { hostname: 'home.test' })
        return { machine, decide: serveSession(session) }
      },
    })
  }

  static async open(): Promise<HomeServer> {
    const server = new HomeServer((await freePortBase()) + 25)
    await server.#listener.listen()
    return server
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#listener.drain(AbortSignal.abort())
  }
}

class HomeSession implements SmtpSession {
  readonly #take: (arrived: Arrived) => void
  #from = ''
  #to: string[] = []
  #text = ''

  constructor(take: (arrived: Arrived) => void) {
    this.#take = take
  }

  mail({ reversePath }: MailCommand): undefined {
    this.reset()
    this.#from = reversePath === undefined ? '' : formatMailbox(reversePath)
  }

  rcpt({ forwardPath }: RcptCommand): undefined {
    this.#to.push(forwardPath === 'postmaster' ? forwardPath : formatMailbox(forwardPath))
  }

  data(): undefined {}

  body(octets: Buffer): void {
    this.#text += octets.toString('latin1')
  }

  endOfData(): Reply {
    this.#take({ from: this.#from, to: this.#to, text: this.#text })
    return replies.queued('home')
  }

  reset(): void {
    this.#from = this.#text = ''
    this.#to = []
  }
}
