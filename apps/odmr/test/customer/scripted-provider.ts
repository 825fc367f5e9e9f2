import { once } from 'node:events'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { createSecureContext, TLSSocket } from 'node:tls'
import { CERTIFICATE, KEY } from '@cartero/testkit'

export const PASSWORD = 'the words of home'
export const LETTER = 'Subject: hello\r\n\r\nthe body\r\n'

/** What a provider says and hears in one connection. */
export type Scenario = (talk: Talk) => Promise<void>

class Ended extends Error {}

/** A provider, word for word: each connection has the next scenario, and the last one is for all that follow. */
export class ScriptedProvider implements AsyncDisposable {
  /** What customers said, of all connections. */
  readonly heard: string[] = []
  sessions = 0
  readonly #scenarios: readonly Scenario[]
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #faults: unknown[] = []

  private constructor(scenarios: readonly Scenario[]) {
    this.#scenarios = scenarios
    this.#server = createServer((socket) => void this.#serve(socket))
  }

  static async start(...scenarios: readonly Scenario[]): Promise<ScriptedProvider> {
    const made = new ScriptedProvider(scenarios)
    made.#server.listen(0, '127.0.0.1')
    await once(made.#server, 'listening')
    return made
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** What was said by the commands of that name. */
  said(verb: string): readonly string[] {
    return this.heard.filter((line) => line.split(' ')[0] === verb)
  }

  async #serve(socket: Socket): Promise<void> {
    const scenario = this.#scenarios[Math.min(this.sessions++, this.#scenarios.length - 1)]!
    this.#sockets.add(socket)
    try {
      await scenario(new Talk(socket, this.heard))
      socket.end()
    } catch (error) {
      if (!(error instanceof Ended)) this.#faults.push(error)
      socket.destroy()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
    await once(this.#server, 'close')
    if (this.#faults.length > 0) throw new AggregateError(this.#faults, 'a scenario failed')
  }
}

/** One connection. */
export class Talk {
  readonly #heard: string[]
  #socket: Socket
  #text = ''
  #isOver = false
  #news = (): void => {}

  constructor(socket: Socket, heard: string[]) {
    this.#heard = heard
    this.#socket = socket
    this.#listen()
  }

  #listen(): void {
    const socket = this.#socket
    const over = (): void => {
      this.#isOver = true
      this.#news()
    }
    socket.on('data', (bytes: Buffer) => {
      this.#text += bytes.toString('latin1')
      this.#news()
    })
    socket.on('error', over)
    socket.on('end', over)
    socket.on('close', over)
  }

  /** The customer has closed. */
  get isOver(): boolean {
    return this.#isOver
  }

  /** Says lines. */
  say(...lines: readonly string[]): void {
    this.#socket.write(lines.map((line) => `${line}\r\n`).join(''))
  }

  /** Says octets. */
  write(octets: string): void {
    this.#socket.write(octets)
  }

  /** The next line. Throws when there will be none. */
  async hear(): Promise<string> {
    for (;;) {
      const end = this.#text.indexOf('\r\n')
      if (end !== -1) {
        const line = this.#text.slice(0, end)
        this.#text = this.#text.slice(end + 2)
        this.#heard.push(line)
        return line
      }
      if (this.#isOver) throw new Ended('the customer is gone')
      await new Promise<void>((resolve) => (this.#news = resolve))
    }
  }

  /** The next reply, all its lines. */
  async reply(): Promise<string> {
    let all = ''
    for (;;) {
      const line = await this.hear()
      all += `${line}\n`
      if (line[3] !== '-') return all
    }
  }

  /** Says a command and hears the reply. */
  async ask(command: string): Promise<string> {
    this.say(command)
    return await this.reply()
  }

  /** Fulfilled when the customer has closed. */
  async gone(): Promise<void> {
    while (!this.#isOver) await new Promise<void>((resolve) => (this.#news = resolve))
  }

  drop(): never {
    this.#socket.destroy()
    throw new Ended('dropped')
  }

  /** From here on in TLS. */
  async secure({ cert, key } = { cert: CERTIFICATE, key: KEY }): Promise<void> {
    for (const event of ['data', 'end', 'close']) this.#socket.removeAllListeners(event)
    this.#socket.resume()
    const secureContext = createSecureContext({ cert, key })
    const secured = new TLSSocket(this.#socket, { isServer: true, secureContext })
    this.#socket = secured
    this.#text = ''
    this.#listen()
    await Promise.race([once(secured, 'secure'), this.gone()])
    if (this.#isOver) throw new Ended('no TLS')
  }

  /** Greeting and EHLO. */
  async greet(offers: readonly string[] = ['AUTH CRAM-MD5', 'ATRN']): Promise<void> {
    this.say('220 edge.test ODMR')
    await this.introduce(offers)
  }

  async introduce(offers: readonly string[] = ['AUTH CRAM-MD5', 'ATRN']): Promise<void> {
    await this.hear()
    const lines = ['edge.test', ...offers]
    this.say(...lines.map((line, i) => `250${i < lines.length - 1 ? '-' : ' '}${line}`))
  }

  /** Believes whatever is said, in one step or two. */
  async letIn(): Promise<void> {
    const line = await this.hear()
    if (line.split(' ').length === 2) {
      this.say('334 PGNoYWxsZW5nZUBlZGdlLnRlc3Q+')
      await this.hear()
    }
    this.say('235 2.7.0 welcome')
  }

  /** All up to ATRN, which is heard. */
  async open(offers?: readonly string[]): Promise<void> {
    await this.greet(offers)
    await this.letIn()
    await this.hear()
  }

  /** The same, and the connection is turned: the customer greets, and has heard EHLO. */
  async turn(): Promise<void> {
    await this.open()
    this.say('250 OK, now reversing the connection')
    await this.reply()
    await this.ask('EHLO edge.test')
  }

  /** Gives a message; the last reply. */
  async give(to = 'alice@home.test', letter = LETTER): Promise<string> {
    await this.ask('MAIL FROM:<bob@elsewhere.test>')
    await this.ask(`RCPT TO:<${to}>`)
    await this.ask('DATA')
    return await this.ask(`${letter}.`)
  }

  /** QUIT, and its reply. */
  async quit(): Promise<void> {
    await this.ask('QUIT')
  }

  /** Answers the customer's QUIT. */
  async bye(): Promise<void> {
    await this.hear()
    this.say('221 2.0.0 bye')
  }
}

/** Answers ATRN with that. */
export function answering(line: string): Scenario {
  return async (talk) => {
    await talk.open()
    talk.say(line)
    await talk.bye()
  }
}

/** Gives so many messages, and quits. */
export function giving(messages: number): Scenario {
  return async (talk) => {
    await talk.turn()
    for (let i = 0; i < messages; i++) await talk.give()
    await talk.quit()
  }
}

/** Gives so many messages, and breaks off in the middle of the next. */
export function breakingAfter(messages: number): Scenario {
  return async (talk) => {
    await talk.turn()
    for (let i = 0; i < messages; i++) await talk.give()
    await talk.ask('MAIL FROM:<bob@elsewhere.test>')
    talk.drop()
  }
}
