import { LineReader } from '@cartero/wire'
import type { LiteralHead } from '../command/append.ts'

const CRLF = Buffer.from('\r\n')

/** What came in next. */
export type Received =
  /** A whole command without its last CRLF; literals stand in it as they came. */
  | { readonly kind: 'command'; readonly bytes: Buffer }
  /** The command so far ends with a literal's head: say `collect`, `stream`, `skip` or `forget`. */
  | { readonly kind: 'literal'; readonly bytes: Buffer; readonly literal: LiteralHead }
  /** Octets of a literal that streams; the last are told. */
  | { readonly kind: 'octets'; readonly bytes: Buffer; readonly last: boolean }
  /** The command that was to be skipped has ended. */
  | { readonly kind: 'skipped' }
  /** A single line, where `expectLine` asked for one. */
  | { readonly kind: 'line'; readonly bytes: Buffer }
  /** No line that may be used; after `tooLong` nobody knows where the next command begins. */
  | { readonly kind: 'tooLong' | 'bareNewline' }

type Mode = 'command' | 'line' | 'decide' | 'collect' | 'stream' | 'skipOctets' | 'skipLine'

/**
 * Cuts what the client sends into commands: lines, and the literals within them (RFC 3501 §4.3). Holds no more than a
 * line and what was collected; who collects has checked `collected` first.
 */
export class CommandReader {
  #lines: LineReader
  #mode: Mode = 'command'
  #parts: Buffer[] = []
  #literalsSize = 0
  #literals = 0
  #left = 0

  constructor(lineLimit: number) {
    this.#lines = new LineReader(lineLimit)
  }

  push(bytes: Buffer): void {
    this.#lines.push(bytes)
  }

  /** Octets of the present command's literals so far. */
  get collected(): number {
    return this.#literalsSize
  }

  /** How many literals the present command has so far. */
  get literals(): number {
    return this.#literals
  }

  /** Is the client in the middle of a literal? */
  get inLiteral(): boolean {
    return this.#mode === 'collect' || this.#mode === 'stream' || this.#mode === 'skipOctets'
  }

  /** Lines may be longer from now on. */
  allowLines(lineLimit: number): void {
    const rest = this.#lines.takeAll()
    this.#lines = new LineReader(lineLimit)
    this.#lines.push(rest)
  }

  /** Forgets everything received (RFC 3501 §6.2.1: plaintext behind STARTTLS). */
  clear(): void {
    this.#lines.clear()
    this.forget()
  }

  /** The next line is no command: a SASL response, DONE, what follows APPEND's literal. */
  expectLine(): void {
    this.#mode = 'line'
  }

  /** The literal becomes part of the command. */
  collect(literal: LiteralHead): void {
    this.#begin('collect', literal)
    this.#literalsSize += literal.size
    this.#literals++
  }

  /** The literal is handed out in pieces; then comes the rest of the line as `line`. */
  stream(literal: LiteralHead): void {
    this.#parts = []
    this.#begin('stream', literal)
  }

  /** The literal comes, but nobody wants it nor the rest of its command. */
  skip(literal: LiteralHead): void {
    this.#parts = []
    this.#begin('skipOctets', literal)
  }

  /** What is left of the streamed literal is of no use. */
  skipRest(): void {
    this.#mode = this.#mode === 'stream' ? 'skipOctets' : 'skipLine'
  }

  /** The literal will not come: the client was not told to go on. The next line is a new command. */
  forget(): void {
    this.#parts = []
    this.#literalsSize = 0
    this.#literals = 0
    this.#mode = 'command'
  }

  next(): Received | undefined {
    for (;;) {
      const received = this.#step()
      if (received !== 'again') return received
    }
  }

  #begin(mode: Mode, { size }: LiteralHead): void {
    this.#mode = mode
    this.#left = size
  }

  #step(): Received | undefined | 'again' {
    switch (this.#mode) {
      case 'command':
        return this.#commandLine()
      case 'line':
        return this.#singleLine()
      case 'skipLine':
        return this.#skipLine()
      case 'decide':
        return undefined
      case 'collect':
      case 'stream':
      case 'skipOctets':
        return this.#literalOctets(this.#mode)
    }
  }

  #commandLine(): Received | undefined {
    const line = this.#lines.next()
    if (line === undefined) return undefined
    if (line.kind !== 'line') {
      this.forget()
      return { kind: line.kind }
    }
    const literal = literalHead(line.bytes)
    const bytes = this.#joined(line.bytes)
    if (literal === undefined) {
      this.forget()
      return { kind: 'command', bytes }
    }
    this.#parts = [bytes, CRLF]
    this.#mode = 'decide'
    return { kind: 'literal', bytes, literal }
  }

  #joined(line: Buffer): Buffer {
    return this.#parts.length === 0 ? line : Buffer.concat([...this.#parts, line])
  }

  #singleLine(): Received | undefined {
    const line = this.#lines.next()
    if (line === undefined) return undefined
    this.forget()
    return line.kind === 'line' ? line : { kind: line.kind }
  }

  /** A skipped command may have more literals; only those that come unasked have to be skipped, too. */
  #skipLine(): Received | undefined | 'again' {
    const line = this.#lines.next()
    if (line === undefined) return undefined
    const literal = line.kind === 'line' ? literalHead(line.bytes) : undefined
    if (literal?.nonSync) {
      this.skip(literal)
      return 'again'
    }
    this.forget()
    return line.kind === 'tooLong' ? { kind: 'tooLong' } : { kind: 'skipped' }
  }

  #literalOctets(mode: 'collect' | 'stream' | 'skipOctets'): Received | undefined | 'again' {
    const bytes = this.#left === 0 ? EMPTY : this.#lines.take(this.#left)
    if (bytes === undefined) return undefined
    this.#left -= bytes.length
    const last = this.#left === 0
    if (mode === 'collect') this.#parts.push(bytes)
    if (last) this.#mode = mode === 'collect' ? 'command' : mode === 'stream' ? 'line' : 'skipLine'
    return mode === 'stream' ? { kind: 'octets', bytes, last } : 'again'
  }
}

const EMPTY = Buffer.alloc(0)
const LBRACE = 0x7b
const RBRACE = 0x7d
const PLUS = 0x2b
const TILDE = 0x7e

/** The head of a literal at the end of a line: `{n}`, `{n+}`, `~{n}`. Sizes that are no safe number count as infinite. */
export function literalHead(line: Buffer): LiteralHead | undefined {
  let at = line.length - 1
  if (line[at] !== RBRACE) return undefined
  const nonSync = line[--at] === PLUS
  if (nonSync) at--
  const lastDigit = at
  while (at >= 0 && line[at]! >= 0x30 && line[at]! <= 0x39) at--
  if (at === lastDigit || line[at] !== LBRACE) return undefined
  const size = Number(line.toString('latin1', at + 1, lastDigit + 1))
  return { size: Number.isSafeInteger(size) ? size : Infinity, nonSync, binary: line[at - 1] === TILDE }
}
