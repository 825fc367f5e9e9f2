import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { LineClient, type CarteroProcess, type Credentials } from '@cartero/testkit'
import { CountingHost } from './counting-host.ts'
import { customerOf } from './demo-customer.ts'

/** Until he calls again whom nobody let in, or for whom nothing was there. */
const PAUSE_MS = 20

/** Where his mail waits. */
export type Provider = Pick<CarteroProcess, 'port' | 'data'>

/** A call, and what was said to its request. */
export interface Call {
  readonly answer: string
  /** After a 250, his host has it. */
  readonly socket: Socket
  /** Nobody speaks any more. */
  readonly over: Promise<void>
}

/** A customer who calls for his mail, and counts what comes. Whatever goes wrong in a turn is for the script of his host. */
export class CallingCustomer implements AsyncDisposable {
  readonly host: CountingHost
  readonly #credentials: Credentials | undefined
  #isCalling = false
  /** Turns that he had. */
  turns = 0

  private constructor(host: CountingHost, credentials?: Credentials) {
    this.host = host
    this.#credentials = credentials
  }

  /** The one of a development system, unless somebody else is said. */
  static async start(credentials?: Credentials): Promise<CallingCustomer> {
    return new CallingCustomer(await CountingHost.start(), credentials)
  }

  /** Logs in and asks. Rejects when the connection ends before there is an answer. */
  async call(provider: Provider, request = 'ATRN'): Promise<Call> {
    const client = await LineClient.connect(provider.port(366))
    const { socket } = client
    await client.reply()
    await client.smtp('EHLO laptop.home.test')
    const login = await logIn(client, this.#credentials ?? customerOf(provider))
    const answer = login.startsWith('235') ? await client.smtp(request) : login
    const over = closed(socket)
    if (!answer.startsWith('250')) socket.destroy()
    else {
      this.turns++
      socket.removeAllListeners('data')
      this.host.meet(socket)
    }
    return { answer, socket, over }
  }

  /** One turn to its end; calls until there is one, so often at most. */
  async turn(provider: Provider, calls = 500): Promise<void> {
    for (let i = 0; i < calls; i++) {
      const { answer, over } = await this.call(provider)
      if (answer.startsWith('250')) return over
      await sleep(PAUSE_MS)
    }
    throw new Error('he has had no turn')
  }

  /** Calls again and again, whatever comes of it, until he is told to stop. `provider` may be another one each time. */
  async callOn(provider: () => Provider): Promise<void> {
    this.#isCalling = true
    while (this.#isCalling)
      try {
        const { answer, over } = await this.call(provider())
        if (answer.startsWith('250')) await over
        else await sleep(PAUSE_MS)
      } catch {
        await sleep(PAUSE_MS)
      }
  }

  /** To `callOn`: no more calls. What he has begun ends. */
  stop(): void {
    this.#isCalling = false
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stop()
    await this.host[Symbol.asyncDispose]()
  }
}

async function closed(socket: Socket): Promise<void> {
  if (!socket.destroyed) await once(socket, 'close')
}

/** By CRAM-MD5; what was said to it. */
// RFC 2195 §2
export async function logIn(client: LineClient, { address, password }: Credentials): Promise<string> {
  const offer = await client.smtp('AUTH CRAM-MD5')
  if (!offer.startsWith('334 ')) return offer
  const challenge = Buffer.from(offer.slice(4).trim(), 'base64')
  const digest = createHmac('md5', password).update(challenge).digest('hex')
  return client.smtp(Buffer.from(`${address} ${digest}`).toString('base64'))
}
