import { once } from 'node:events'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'

/** Ends the connection without a word; or never says anything more. */
export const DROP = Symbol('drop')
export const SILENCE = Symbol('silence')
export type Answer = string | typeof DROP | typeof SILENCE

/** Where in a conversation something is answered; `end` is the end of the message. */
export type Place = 'greeting' | 'EHLO' | 'MAIL' | 'RCPT' | 'DATA' | 'end'

/** What is known of the letter when something is answered. */
export interface Heard {
  /** What was said: the command, or nothing. */
  readonly line: string
  /** Local parts of the recipients that were taken so far. */
  readonly recipients: readonly string[]
  /** How many connections there were before this one. */
  readonly session: number
}

/** Undefined: the usual. */
export type Script = (place: Place, heard: Heard) => Answer | undefined | Promise<Answer | undefined>

/** One letter that came for one recipient, and its place in the order of all that came. */
export interface Copy {
  readonly at: number
  readonly messageId: string
  readonly host: string
}

const USUAL: Readonly<Record<Place, string>> = {
  greeting: '220 counting.test ESMTP',
  EHLO: '250-counting.test\r\n250-PIPELINING\r\n250 ENHANCEDSTATUSCODES',
  MAIL: '250 2.1.0 sender',
  RCPT: '250 2.1.5 recipient',
  DATA: '354 go on',
  end: '250 2.0.0 taken',
}

/** A host for tests that counts how often each recipient's letter came, and does whatever its script wants. */
export class CountingHost implements AsyncDisposable {
  /** By local part: a letter is known by a recipient that no other letter has. What was answered 250, or would have been. */
  readonly copies = new Map<string, Copy[]>()
  script: Script = () => undefined
  /** Told of each piece of a message as it comes. */
  inMessage: (octets: number) => void = () => {}
  /** Each octet of an answer by itself. */
  trickles = false
  /** It leaves by RST, not by FIN. */
  resets = false
  sessions = 0
  taken = 0
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  private constructor() {
    this.#server = createServer((socket) => this.meet(socket))
  }

  static async start(port = 0, address = '127.0.0.1'): Promise<CountingHost> {
    const host = new CountingHost()
    host.#server.listen(port, address)
    await once(host.#server, 'listening')
    return host
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** Connections that are open now. */
  get open(): number {
    return this.#sockets.size
  }

  take(recipients: readonly string[], message: string): void {
    const messageId = /^Message-ID: (\S+)/im.exec(message)?.[1] ?? ''
    const copy = { at: this.taken++, messageId, host: `${this.port}` }
    for (const recipient of recipients)
      this.copies.set(recipient, [...(this.copies.get(recipient) ?? []), copy])
  }

  /** Ends all connections without a word. */
  drop(): void {
    for (const socket of this.#sockets) this.leave(socket)
  }

  /** Ends one without a word. */
  leave(socket: Socket): void {
    if (this.resets) socket.resetAndDestroy()
    else socket.destroy()
  }

  /** Is the server on this connection, whoever has made it. */
  meet(socket: Socket): void {
    this.#sockets.add(socket)
    socket.setNoDelay(true)
    socket.on('error', () => {})
    socket.on('close', () => this.#sockets.delete(socket))
    void new Conversation(this, socket, this.sessions++).hold()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.drop()
    this.#server.close()
    await once(this.#server, 'close')
  }
}

class Conversation {
  readonly #host: CountingHost
  readonly #socket: Socket
  readonly #session: number
  #input = ''
  #news: (() => void) | undefined
  #recipients: string[] = []

  constructor(host: CountingHost, socket: Socket, session: number) {
    this.#host = host
    this.#socket = socket
    this.#session = session
    socket.on('data', (bytes: Buffer) => {
      this.#input += bytes.toString('latin1')
      this.#news?.()
    })
    socket.on('close', () => this.#news?.())
  }

  /** Until either side has had enough. */
  async hold(): Promise<void> {
    await this.#say('greeting', '')
    for (;;) {
      const line = await this.#until('\r\n')
      if (line === undefined) return
      await this.#obey(line, line.slice(0, 4).toUpperCase())
    }
  }

  async #obey(line: string, verb: string): Promise<void> {
    switch (verb) {
      case 'EHLO':
        return void (await this.#say('EHLO', line))
      case 'MAIL':
        this.#recipients = []
        return void (await this.#say('MAIL', line))
      case 'RCPT':
        if (await this.#say('RCPT', line)) this.#recipients.push(/<([^@>]*)/.exec(line)![1]!)
        return
      case 'DATA':
        if (this.#recipients.length === 0) return this.#write('503 5.5.1 for whom\r\n')
        if (await this.#say('DATA', line)) await this.#message()
        return
      case 'QUIT':
        this.#write('221 2.0.0 bye\r\n')
        return void this.#socket.end()
      default:
        return this.#write('250 2.0.0 ok\r\n')
    }
  }

  async #message(): Promise<void> {
    const text = await this.#until('\r\n.\r\n', (octets) => this.#host.inMessage(octets))
    if (text === undefined) return
    const recipients = this.#recipients
    await this.#say('end', '', () => this.#host.take(recipients, text))
  }

  /** True when it was a yes. `meant` is done once that is known, before it is said. */
  async #say(place: Place, line: string, meant?: () => void): Promise<boolean> {
    const heard = { line, recipients: this.#recipients, session: this.#session }
    const answer = (await this.#host.script(place, heard)) ?? USUAL[place]
    if (answer === SILENCE) return new Promise(() => {})
    if (answer === DROP) {
      this.#host.leave(this.#socket)
      return false
    }
    const isYes = answer.startsWith('2') || answer.startsWith('3')
    if (isYes) meant?.()
    this.#write(`${answer}\r\n`)
    if (answer.startsWith('421')) this.#socket.end()
    return isYes
  }

  #write(text: string): void {
    if (!this.#host.trickles) return void this.#socket.write(text)
    for (const octet of text) this.#socket.write(octet)
  }

  /** Undefined: the connection has ended. */
  async #until(mark: string, heard?: (octets: number) => void): Promise<string | undefined> {
    for (let from = 0; ;) {
      const end = this.#input.indexOf(mark, from)
      if (end >= 0) {
        const text = this.#input.slice(0, end)
        this.#input = this.#input.slice(end + mark.length)
        return text
      }
      heard?.(this.#input.length)
      from = Math.max(0, this.#input.length - mark.length)
      if (this.#socket.destroyed || this.#socket.readableEnded) return undefined
      await new Promise<void>((resolve) => (this.#news = resolve))
    }
  }
}
