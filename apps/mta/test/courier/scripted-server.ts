import { once } from 'node:events'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { createSecureContext, TLSSocket } from 'node:tls'
import { CERTIFICATE, KEY } from '@cartero/testkit'

/** Closes without a word; says nothing; or says this. */
export type Answer = string | typeof DROP | typeof SILENCE
export const DROP = Symbol('drop')
export const SILENCE = Symbol('silence')

type Place = 'greeting' | 'EHLO' | 'HELO' | 'STARTTLS' | 'AUTH' | 'MAIL' | 'RCPT' | 'DATA' | 'end' | 'BDAT'
type Verb = Place | 'LHLO' | 'RSET' | 'QUIT' | 'NOOP'

/** What is said at each place: always the same, or one after the other over all connections, the last one for ever. */
export type Script = { readonly [verb in Verb]?: Answer | readonly Answer[] } & {
  /** Lines of EHLO behind the first. */
  readonly offers?: readonly string[]
  /** Cut after so many octets of message data. */
  readonly dropInBody?: number
  /** After the 220 of STARTTLS comes no TLS. */
  readonly noTls?: boolean
  readonly identity?: { readonly cert: string; readonly key: string }
  readonly implicitTls?: boolean
  /** Each octet of an answer by itself. */
  readonly trickles?: boolean
}

export interface Taken {
  readonly from: string
  readonly to: readonly string[]
  readonly body: string
}

const USUAL: Readonly<Record<Verb, string>> = {
  greeting: '220 scripted.test ESMTP',
  EHLO: '250',
  LHLO: '250',
  HELO: '250 hello',
  STARTTLS: '220 go on',
  AUTH: '235 2.7.0 welcome',
  MAIL: '250 2.1.0 sender',
  RCPT: '250 2.1.5 recipient',
  DATA: '354 go on',
  end: '250 2.0.0 taken as X1',
  BDAT: '250 2.0.0 octets',
  RSET: '250 2.0.0 forgotten',
  QUIT: '221 2.0.0 bye',
  NOOP: '250 2.0.0 ok',
}

/** A server that does what its script says, and keeps what it heard. */
export class ScriptedServer implements AsyncDisposable {
  readonly script: Script
  readonly heard: string[] = []
  /** Messages that it answered for. */
  readonly taken: Taken[] = []
  /** All that it has, whether it said so or not. */
  readonly received: Taken[] = []
  sessions = 0
  open = 0
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #turns = new Map<string, number>()

  private constructor(script: Script) {
    this.script = script
    this.#server = createServer((socket) => new Talk(this, this.#keep(socket)).start())
  }

  static async start(script: Script = {}, host = '127.0.0.1'): Promise<ScriptedServer> {
    const made = new ScriptedServer(script)
    made.#server.listen(0, host)
    await once(made.#server, 'listening')
    return made
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  answer(verb: Verb): Answer {
    const given = this.script[verb]
    if (!Array.isArray(given)) return (given as Answer | undefined) ?? USUAL[verb]
    const turn = this.#turns.get(verb) ?? 0
    this.#turns.set(verb, turn + 1)
    return (given as readonly Answer[])[Math.min(turn, given.length - 1)]!
  }

  count(verb: string): number {
    return this.heard.filter((line) => line.startsWith(verb)).length
  }

  /** Cuts all connections. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  #keep(socket: Socket): Socket {
    this.sessions++
    this.open++
    this.#sockets.add(socket)
    socket.setNoDelay(true)
    socket.on('error', () => {})
    socket.on('close', () => {
      this.open--
      this.#sockets.delete(socket)
    })
    return socket
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut()
    this.#server.close()
    await once(this.#server, 'close')
  }
}

/** One conversation. */
class Talk {
  readonly #server: ScriptedServer
  #socket: Socket
  #input = Buffer.alloc(0)
  #mode: 'commands' | 'data' | 'chunk' = 'commands'
  #chunk = { left: 0, isLast: false }
  #from = ''
  #hasSender = false
  #to: string[] = []
  #body = ''
  #isOver = false
  #saying = Promise.resolve()

  constructor(server: ScriptedServer, socket: Socket) {
    this.#server = server
    this.#socket = socket
  }

  start(): void {
    if (this.#server.script.implicitTls === true) this.#secure()
    this.#listen()
    this.#say('greeting')
  }

  #listen(): void {
    this.#socket.on('error', () => {})
    this.#socket.on('data', (bytes: Buffer) => {
      this.#input = Buffer.concat([this.#input, bytes])
      this.#read()
    })
  }

  #read(): void {
    for (let goesOn = true; goesOn && !this.#isOver;) {
      goesOn =
        this.#mode === 'commands' ? this.#command() : this.#mode === 'data' ? this.#data() : this.#octets()
    }
  }

  #command(): boolean {
    const end = this.#input.indexOf('\r\n')
    if (end === -1) return false
    const line = this.#input.subarray(0, end).toString()
    this.#input = this.#input.subarray(end + 2)
    this.#server.heard.push(line)
    this.#obey(line, line.split(' ')[0]!.toUpperCase() as Verb)
    return true
  }

  #obey(line: string, verb: Verb): void {
    if (verb === 'BDAT') {
      const [, size = '0', last] = line.split(' ')
      this.#chunk = { left: Number(size), isLast: last !== undefined }
      this.#mode = 'chunk'
      return
    }
    if (verb === 'RCPT' && !this.#hasSender) return this.#write('503 5.5.1 from whom\r\n')
    const code = this.#say(verb)
    if (verb === 'MAIL' || verb === 'RSET') this.#hasSender = verb === 'MAIL' && (code === '2' || code === '')
    if (verb === 'MAIL' && code === '2') [this.#from, this.#to, this.#body] = [pathOf(line), [], '']
    if (verb === 'RCPT' && (code === '2' || code === '')) this.#to.push(pathOf(line))
    if (verb === 'DATA' && code === '3') this.#mode = 'data'
    if (verb === 'RSET') [this.#to, this.#body] = [[], '']
    if (verb === 'STARTTLS' && code === '2') this.#startTls()
    if (verb === 'QUIT') this.#close()
  }

  #startTls(): void {
    this.#socket.removeAllListeners('data')
    if (this.#server.script.noTls === true) {
      this.#socket.once('data', () => this.#socket.end('this is no TLS\r\n'))
      return
    }
    this.#secure()
    this.#listen()
  }

  #secure(): void {
    const { cert, key } = this.#server.script.identity ?? { cert: CERTIFICATE, key: KEY }
    const secureContext = createSecureContext({ cert, key })
    this.#socket = new TLSSocket(this.#socket, { isServer: true, secureContext })
  }

  #data(): boolean {
    const { dropInBody } = this.#server.script
    if (dropInBody !== undefined && this.#input.length > dropInBody) {
      this.#drop()
      return false
    }
    const isEmpty = this.#input.indexOf('.\r\n') === 0
    const end = isEmpty ? -2 : this.#input.indexOf('\r\n.\r\n')
    if (end === -1) return false
    this.#body = this.#input
      .subarray(0, end + 2)
      .toString('latin1')
      .replaceAll('\r\n..', '\r\n.')
    this.#input = this.#input.subarray(end + 5)
    this.#mode = 'commands'
    this.#end()
    return true
  }

  #octets(): boolean {
    const octets = this.#input.subarray(0, this.#chunk.left)
    this.#body += octets.toString('latin1')
    this.#input = this.#input.subarray(octets.length)
    this.#chunk.left -= octets.length
    if (this.#chunk.left > 0) return false
    this.#mode = 'commands'
    if (this.#chunk.isLast && this.#server.script.BDAT === undefined) this.#end()
    else this.#say('BDAT')
    return true
  }

  #end(): void {
    if (this.#to.length === 0) return this.#write('503 5.5.1 for whom\r\n')
    const message = { from: this.#from, to: this.#to, body: this.#body }
    this.#server.received.push(message)
    if (this.#say('end') === '2') this.#server.taken.push(message)
    this.#to = []
    this.#body = ''
  }

  /** The first digit of what was said. */
  #say(verb: Verb): string {
    const answer = this.#server.answer(verb)
    if (answer === DROP) this.#drop()
    if (typeof answer !== 'string') return ''
    const lines = verb === 'EHLO' || verb === 'LHLO' ? this.#offer(answer) : [answer]
    this.#write(`${lines.join('\r\n')}\r\n`)
    // RFC 5321 §3.8
    if (answer.startsWith('421')) this.#close()
    return answer[0]!
  }

  #offer(answer: string): readonly string[] {
    if (!answer.startsWith('250')) return [answer]
    const offers = ['scripted.test', ...(this.#server.script.offers ?? ['PIPELINING', 'ENHANCEDSTATUSCODES'])]
    return offers.map((line, i) => `250${i === offers.length - 1 ? ' ' : '-'}${line}`)
  }

  #write(text: string): void {
    const socket = this.#socket
    if (this.#server.script.trickles !== true) {
      socket.write(text)
      return
    }
    this.#saying = this.#trickle(text, this.#saying)
  }

  async #trickle(text: string, before: Promise<void>): Promise<void> {
    await before
    for (const octet of Buffer.from(text)) {
      this.#socket.write(Buffer.of(octet))
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  #close(): void {
    this.#isOver = true
    void this.#saying.then(() => this.#socket.end())
  }

  #drop(): void {
    this.#isOver = true
    this.#socket.destroy()
  }
}

function pathOf(line: string): string {
  return /<([^>]*)>/.exec(line)?.[1] ?? ''
}
