import {
  SyntaxFault,
  type MaybePromise,
  type Output,
  type Patience,
  type ProtocolMachine,
  type TlsFacts,
} from '@cartero/wire'
import { readAppend, type LiteralHead } from '../command/append.ts'
import { Decoder } from '../decoder.ts'
import { Encoder } from '../encoder.ts'
import { FetchStream } from '../fetch-response.ts'
import { DEFAULT_LIMITS, type ImapLimits } from '../limits.ts'
import { encodeTagged, encodeUntagged, type StatusResponse, type UntaggedResponse } from '../response.ts'
import { AppendExchange } from './append-exchange.ts'
import { checkLiteral, comesWithoutEnd, isMessage } from './command-literal.ts'
import { CommandReader, type Received } from './command-reader.ts'
import type { Action, CommandFacts, CommandRow, Done, State } from './command-row.ts'
import { commandNamed } from './commands.ts'
import { commandFacts } from './command-facts.ts'
import type { Exchange, Floor } from './exchange.ts'
import { OrderError, publicFace } from './public-face.ts'
import { ImapRefusal } from './refusal.ts'
import type { ImapQuestion, ImapServerOptions } from './options.ts'
import type { FullSession } from './session.ts'

const NO_TAG = '*'

/** The server's side of IMAP4rev1 and IMAP4rev2, without I/O. */
export class ImapServerMachine implements ProtocolMachine<ImapQuestion, unknown> {
  readonly #options: ImapServerOptions
  readonly #limits: ImapLimits
  readonly #reader: CommandReader
  /** What exchanges may do. */
  readonly #floor: Floor
  readonly #outputs: Output<ImapQuestion>[] = []
  #encoder = new Encoder({ utf8: false })
  #state: State = 'notAuthenticated'
  #tls: boolean
  #rev2 = false
  #tag = NO_TAG
  #row: CommandRow | undefined
  #exchange: Exchange | undefined
  #stream: FetchStream | undefined
  /** What to do with the answer, while the session is asked. */
  #pending: ((answer: unknown) => void) | undefined
  #afterStream: (() => void) | undefined

  /** The question is what changed. */
  #telling = false
  #woken = false
  #draining = false
  #ended = false
  #badInARow = 0
  #failedLogins = 0

  constructor(options: ImapServerOptions) {
    this.#options = options
    this.#limits = { ...DEFAULT_LIMITS, ...options.limits }
    this.#tls = options.tls
    this.#reader = new CommandReader(this.#limits.lineBeforeLogin)
    this.#floor = {
      reader: this.#reader,
      say: (text) => void this.#encoder.raw(`${text}\r\n`),
      ask: (put, then) => this.#ask(put, then),
      tellUpdates: (then) => this.#tellUpdates(then),
      finish: (done) => this.#finish(done),
      refuse: (error) => this.#refuse(error),
    }
    this.#untagged({ kind: 'status', status: 'OK', code: this.#capabilityCode(), text: options.greeting })
  }

  receive(bytes: Buffer): void {
    this.#reader.push(bytes)
  }

  next(): Output<ImapQuestion> | undefined {
    while (this.#outputs.length === 0 && !this.#ended && !this.#waiting && this.#advance());
    this.#settle()
    return this.#outputs.shift()
  }

  answer(answer: unknown): void {
    const pending = this.#pending
    this.#pending = undefined
    pending?.(answer)
  }

  fail(error: unknown): void {
    if (!(error instanceof ImapRefusal)) this.#options.failed?.(error, this.#row?.name ?? '')
    const telling = this.#telling
    this.#telling = false
    this.#pending = undefined
    if (this.#stream?.torn) return this.#close()
    this.#stream = undefined
    this.#afterStream = undefined
    if (telling) this.#failedToTell(error)
    else if (this.#exchange !== undefined) this.#exchange.failed(error)
    else this.#refuse(error)
  }

  streamed(): void {
    const then = this.#afterStream
    this.#stream = undefined
    this.#afterStream = undefined
    then?.()
  }

  tlsStarted(tls: TlsFacts): void {
    this.#tls = true
    this.#options.tlsStarted?.(tls)
  }

  timedOut(): void {
    this.#bye(undefined, 'Silent for too long')
  }

  drain(): void {
    this.#draining = true
  }

  disconnected(): void {
    this.#exchange?.abandoned()
    this.#exchange = undefined
    this.#outputs.length = 0
    this.#ended = true
    this.#options.gone?.()
  }

  wake(): void {
    this.#woken = true
  }

  get patience(): Patience {
    if (this.#reader.inLiteral) {
      return { milliseconds: this.#limits.literalPatience, waitingFor: 'a literal' }
    }
    return this.#state === 'notAuthenticated'
      ? { milliseconds: this.#limits.patienceBeforeLogin, waitingFor: 'a login' }
      : { milliseconds: this.#limits.patience, waitingFor: 'a command' }
  }

  get #waiting(): boolean {
    return this.#pending !== undefined || this.#afterStream !== undefined
  }

  /** Takes one step; false when the client has to speak first. */
  #advance(): boolean {
    if (this.#woken && this.#exchange !== undefined) {
      this.#woken = false
      this.#exchange.woken()
      return true
    }
    // Goodbye is said between commands and in IDLE, never while a message is on its way in.
    if (this.#draining && !this.#reader.inLiteral && this.#exchange?.holdsMessage !== true) {
      this.#bye('UNAVAILABLE', 'Server is leaving')
      return true
    }
    const received = this.#reader.next()
    if (received === undefined) return false
    this.#received(received)
    return true
  }

  #received(received: Received): void {
    if (received.kind === 'tooLong') return this.#bye('LIMIT', 'Line is too long')
    if (received.kind === 'skipped') return
    if (this.#exchange !== undefined) return this.#exchange.received(received)
    if (received.kind === 'command') this.#command(received.bytes)
    else if (received.kind === 'literal') this.#literal(received.bytes, received.literal)
    else this.#conclude({ status: 'BAD', text: 'A line ends with CRLF and holds no other CR or LF' })
  }

  #command(bytes: Buffer): void {
    this.#guarded(() => {
      const decoder = this.#decoder(bytes)
      const row = this.#readName(decoder)
      const facts = this.#facts()
      const action = row.read(decoder, facts)
      decoder.expectEnd()
      this.#act(action)
    })
  }

  /** APPEND's message streams; other literals are small and become part of their command. */
  #literal(bytes: Buffer, literal: LiteralHead): void {
    if (comesWithoutEnd(literal)) return this.#bye('TOOBIG', 'Literal is too long')
    const refused = this.#guarded(() => {
      const decoder = this.#decoder(bytes)
      if (isMessage(this.#readName(decoder), decoder, bytes)) return this.#append(bytes)
      const stranger = this.#state === 'notAuthenticated'
      checkLiteral(literal, bytes.length, this.#reader, this.#limits, stranger)
      this.#reader.collect(literal)
      if (!literal.nonSync) this.#encoder.raw('+ Ready for the literal\r\n')
    })
    if (!refused) return
    if (literal.nonSync) this.#reader.skip(literal)
    else this.#reader.forget()
  }

  #append(bytes: Buffer): void {
    const decoder = this.#decoder(bytes)
    this.#readName(decoder)
    const command = readAppend(decoder)
    this.#begin(new AppendExchange(this.#floor, command, this.#limits.appendSize))
  }

  #decoder(bytes: Buffer): Decoder {
    return new Decoder(bytes, { limits: this.#limits, utf8: this.#rev2 })
  }

  /** Reads tag and name; checks that there is such a command and that it may be given now. */
  #readName(decoder: Decoder): CommandRow {
    this.#tag = NO_TAG
    this.#row = undefined
    const tag = decoder.tag() ?? decoder.fault('a tag')
    decoder.expectSp()
    this.#tag = tag
    const row = commandNamed(decoder, this.#options.extensions) ?? decoder.fault('a command')
    this.#row = row
    const allowed =
      row.state === 'any' ||
      row.state === this.#state ||
      (row.state === 'authenticated' && this.#state === 'selected')
    if (!allowed) throw new OrderError(row)
    return row
  }

  /** Runs a check; what it throws is the command's result. True when it threw. */
  #guarded(check: () => void): boolean {
    try {
      check()
      return false
    } catch (error) {
      this.#refuse(error)
      return true
    }
  }

  #act(action: Action): void {
    switch (action.kind) {
      case 'answer':
        return this.#finish(action.done)
      case 'ask':
        return this.#ask(action.put, (done) => this.#finish(done))
      case 'exchange':
        return this.#begin(action.start(this.#floor))
      case 'startTls':
        return this.#startTls()
    }
  }

  #begin(exchange: Exchange): void {
    this.#exchange = exchange
    exchange.begin()
  }

  // RFC 3501 §6.2.1: nothing that came before TLS counts, and nothing that was said before it
  #startTls(): void {
    this.#tagged({ status: 'OK', text: 'Begin TLS' })
    this.#settle()
    this.#reader.clear()
    this.#outputs.push({ kind: 'startTls' })
  }

  #ask<T>(put: (session: FullSession) => MaybePromise<T>, then: (answer: T) => void): void {
    this.#settle()
    this.#pending = then as (answer: unknown) => void
    this.#outputs.push({ kind: 'ask', question: { command: this.#row?.name ?? '', put } })
  }

  /** The third beat: data, effects, and then the result. */
  #finish(done: Done): void {
    this.#exchange = undefined
    for (const response of done.untagged ?? []) this.#untagged(response)
    if (done.messages === undefined) return this.#complete(done)
    this.#settle()
    this.#stream = new FetchStream({ utf8: this.#rev2 })
    this.#afterStream = () => this.#complete(done)
    this.#outputs.push({ kind: 'stream', source: this.#stream.encode(done.messages) })
  }

  #complete(done: Done): void {
    if (done.enables?.includes('IMAP4REV2')) {
      this.#rev2 = true
      this.#settle()
      this.#encoder = new Encoder({ utf8: true })
    }
    if (done.enter !== undefined) this.#enter(done.enter)
    if (done.leaves) {
      this.#tagged(done.result)
      return this.#close()
    }
    this.#conclude(done.announces ? { ...done.result, code: this.#capabilityCode() } : done.result)
  }

  #enter(state: State): void {
    if (this.#state === 'notAuthenticated') this.#reader.allowLines(this.#limits.line)
    this.#state = state
  }

  /** What changed meanwhile is told before the result (RFC 3501 §7). */
  #conclude(result: StatusResponse): void {
    if (result.status === 'BAD') this.#badInARow++
    else this.#badInARow = 0
    if (this.#state !== 'selected') return this.#result(result)
    this.#tellUpdates(() => this.#result(result))
  }

  #result(result: StatusResponse): void {
    this.#tagged(result)
    if (this.#badInARow >= this.#limits.badCommands) this.#bye(undefined, 'Too many commands that are none')
    else if (this.#failedLogins >= this.#limits.failedLogins) this.#bye(undefined, 'Too many failed logins')
  }

  #tellUpdates(then: () => void): void {
    this.#telling = true
    this.#ask(
      (session) => session.updates(this.#row?.expunges ?? false),
      (updates) => {
        this.#telling = false
        for (const update of updates) this.#untagged(update)
        then()
      },
    )
  }

  /** Without knowing what changed, numbers would mean something else to the client than to us. */
  #failedToTell(error: unknown): void {
    this.#result(publicFace(error))
    this.#bye('UNAVAILABLE', 'The mailbox cannot be read')
  }

  /** Answers by the error's public face. */
  #refuse(error: unknown): void {
    this.#exchange = undefined
    if (this.#row?.state === 'notAuthenticated' && !(error instanceof SyntaxFault)) this.#failedLogins++
    const result = publicFace(error)
    this.#conclude(result)
  }

  #bye(code: 'UNAVAILABLE' | 'LIMIT' | 'TOOBIG' | undefined, text: string): void {
    this.#untagged({ kind: 'status', status: 'BYE', text, ...(code && { code: { code } }) })
    this.#close()
  }

  #close(): void {
    this.#exchange?.abandoned()
    this.#exchange = undefined
    this.#pending = undefined
    this.#settle()
    this.#outputs.push({ kind: 'close' })
    this.#ended = true
  }

  #untagged(response: UntaggedResponse): void {
    encodeUntagged(this.#encoder, response)
  }

  #tagged(result: StatusResponse): void {
    encodeTagged(this.#encoder, this.#tag, result)
  }

  /** Turns what was written into an output, so that it comes before whatever is pushed next. */
  #settle(): void {
    if (this.#encoder.size > 0) this.#outputs.push({ kind: 'send', bytes: this.#encoder.take() })
  }

  #facts(): CommandFacts {
    return commandFacts(this.#options, this.#limits, this.#tls, {
      tag: this.#tag,
      state: this.#state,
      rev2: this.#rev2,
    })
  }

  #capabilityCode(): { readonly code: 'CAPABILITY'; readonly capabilities: readonly string[] } {
    return { code: 'CAPABILITY', capabilities: this.#facts().capabilities }
  }
}
