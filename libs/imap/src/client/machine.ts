import type { Output, Patience, ProtocolMachine, TlsFacts } from '@cartero/wire'
import { ResponseReader } from './response-reader.ts'
import type { ServerResponse } from './response-parser.ts'

/** A command without tag and CRLF: text as it is, and octets that travel as literals. */
export type ClientCommand = string | readonly (string | Buffer)[]

type StatusResponse = Extract<ServerResponse, { readonly kind: 'status' }>

/** How a command ended, and what was said before. */
export interface Completion {
  readonly result: StatusResponse
  readonly untagged: readonly ServerResponse[]
}

export interface ClientObserver {
  /** Everything the server says, as it says it. */
  readonly heard?: (response: ServerResponse) => void
  /** The server waits for a line (SASL, IDLE); literals are not told. */
  readonly continued?: (text: string) => void
}

interface Submitted {
  readonly tag: string
  /** What is still to be sent; each literal's octets wait for a continuation. */
  readonly parts: Buffer[]
  readonly untagged: ServerResponse[]
  readonly done: (completion: Completion) => void
}

const PATIENCE: Patience = { milliseconds: 60_000, waitingFor: 'a response' }

/**
 * The client's side: sends one command at a time, literals as the server lets them, and gathers what comes back.
 * It knows no mailboxes; whoever drives it reads the responses.
 */
export class ImapClientMachine implements ProtocolMachine<never, never> {
  readonly #observer: ClientObserver
  readonly #reader = new ResponseReader()
  readonly #outputs: Output<never>[] = []
  readonly #waiting: Submitted[] = []
  #current: Submitted | undefined
  #greeted = false
  #serial = 0
  #ended = false

  constructor(observer: ClientObserver = {}) {
    this.#observer = observer
  }

  /** Queues a command; it is sent when the greeting came and those before it are done. */
  submit(command: ClientCommand, done: (completion: Completion) => void): void {
    const tag = `c${++this.#serial}`
    this.#waiting.push({ tag, parts: encode(tag, command), untagged: [], done })
  }

  /** A line beside the commands: a SASL response, DONE. */
  say(line: string): void {
    this.#outputs.push({ kind: 'send', bytes: Buffer.from(`${line}\r\n`) })
  }

  /** After the OK to STARTTLS. */
  startTls(): void {
    this.#reader.clear()
    this.#outputs.push({ kind: 'startTls' })
  }

  receive(bytes: Buffer): void {
    this.#reader.push(bytes)
  }

  next(): Output<never> | undefined {
    if (this.#ended) return this.#outputs.shift()
    for (let heard = this.#reader.next(); heard !== undefined; heard = this.#reader.next()) this.#hear(heard)
    this.#begin()
    return this.#outputs.shift()
  }

  answer(): void {}

  fail(error: unknown): void {
    throw error
  }

  streamed(): void {}

  tlsStarted(_tls: TlsFacts): void {}

  timedOut(): void {
    this.drain()
  }

  drain(): void {
    this.#outputs.push({ kind: 'close' })
    this.#ended = true
  }

  disconnected(): void {
    this.#ended = true
  }

  wake(): void {}

  get patience(): Patience {
    return PATIENCE
  }

  #begin(): void {
    if (!this.#greeted || this.#current !== undefined) return
    this.#current = this.#waiting.shift()
    this.#sendPart()
  }

  #sendPart(): void {
    const bytes = this.#current?.parts.shift()
    if (bytes !== undefined) this.#outputs.push({ kind: 'send', bytes })
  }

  #hear(response: ServerResponse): void {
    this.#observer.heard?.(response)
    if (response.kind === 'continuation') return this.#continue(response.text)
    if (response.kind === 'data' || response.tag === '*') {
      this.#greeted = true
      this.#current?.untagged.push(response)
    } else if (response.tag === this.#current?.tag) {
      const { done, untagged } = this.#current
      this.#current = undefined
      done({ result: response, untagged })
    }
  }

  #continue(text: string): void {
    if (this.#current !== undefined && this.#current.parts.length > 0) this.#sendPart()
    else this.#observer.continued?.(text)
  }
}

/** The pieces between which the server has to say that it is ready. */
function encode(tag: string, command: ClientCommand): Buffer[] {
  const pieces: Buffer[] = []
  let piece: Buffer = Buffer.from(`${tag} `)
  for (const part of typeof command === 'string' ? [command] : command) {
    if (typeof part === 'string') piece = Buffer.concat([piece, Buffer.from(part)])
    else {
      pieces.push(Buffer.concat([piece, Buffer.from(`{${part.length}}\r\n`)]))
      piece = part
    }
  }
  pieces.push(Buffer.concat([piece, Buffer.from('\r\n')]))
  return pieces
}
