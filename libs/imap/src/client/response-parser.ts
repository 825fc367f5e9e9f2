import { octetClass, Scanner } from '@cartero/wire'

/** A value in a response: an atom or number as text, a string as octets, NIL, a list. */
export type Value = string | Buffer | null | readonly Value[]

/** One response of a server. */
export type ServerResponse =
  | { readonly kind: 'continuation'; readonly text: string }
  | {
      readonly kind: 'status'
      /** `*` when untagged. */
      readonly tag: string
      readonly status: 'OK' | 'NO' | 'BAD' | 'BYE' | 'PREAUTH'
      /** What stands in brackets, without them. */
      readonly code?: string
      readonly text: string
    }
  /** `* 12 FETCH (…)` has number 12, `* SEARCH 1 2` has none. */
  | {
      readonly kind: 'data'
      readonly name: string
      readonly number?: number
      readonly values: readonly Value[]
    }

// Wider than the ABNF's atom, because a fetch item is one, too: BODY[HEADER.FIELDS (SUBJECT)]<0>
const WORD = octetClass('', ['\x21', '\x7e'])
for (const end of '(){"') WORD[end.charCodeAt(0)] = 0

/** Reads one response whose literals stand in it as they came, without its last CRLF. Throws SyntaxFault. */
export function parseResponse(bytes: Buffer): ServerResponse {
  const scanner = new ResponseScanner(bytes)
  if (scanner.literal('+')) {
    scanner.literal(' ')
    return { kind: 'continuation', text: scanner.rest().toString('latin1') }
  }
  const tag = scanner.expectRun(WORD, 'a tag')
  scanner.expectLiteral(' ')
  const first = scanner.expectRun(WORD, 'a response')
  const status = statusNamed(first)
  if (status !== undefined) return { kind: 'status', tag, status, ...scanner.statusText() }
  if (!/^[0-9]+$/.test(first)) return { kind: 'data', name: first.toUpperCase(), values: scanner.values() }
  scanner.expectLiteral(' ')
  const name = scanner.expectRun(WORD, 'a response').toUpperCase()
  return { kind: 'data', name, number: Number(first), values: scanner.values() }
}

type StatusWord = Extract<ServerResponse, { kind: 'status' }>['status']

function statusNamed(word: string): StatusWord | undefined {
  const upper = word.toUpperCase()
  return ['OK', 'NO', 'BAD', 'BYE', 'PREAUTH'].includes(upper) ? (upper as StatusWord) : undefined
}

class ResponseScanner extends Scanner {
  statusText(): { readonly code?: string; readonly text: string } {
    this.literal(' ')
    const rest = this.rest().toString('latin1')
    const end = rest.startsWith('[') ? rest.indexOf(']') : -1
    if (end === -1) return { text: rest }
    return { code: rest.slice(1, end), text: rest.slice(end + 2) }
  }

  values(): readonly Value[] {
    const values: Value[] = []
    while (this.literal(' ')) values.push(this.value())
    this.expectEnd()
    return values
  }

  value(): Value {
    switch (this.peek()) {
      case 0x28:
        return this.list()
      case 0x22:
        return this.quoted()
      case 0x7b:
      case 0x7e:
        return this.counted()
      default:
        return this.word()
    }
  }

  list(): readonly Value[] {
    this.expectLiteral('(')
    const values: Value[] = []
    while (!this.literal(')')) {
      values.push(this.value())
      this.literal(' ')
    }
    return values
  }

  quoted(): Buffer {
    this.expectLiteral('"')
    const octets: number[] = []
    while (!this.literal('"')) {
      this.literal('\\')
      if (this.atEnd) this.expectLiteral('"')
      octets.push(this.bytes[this.offset++]!)
    }
    return Buffer.from(octets)
  }

  counted(): Buffer {
    this.literal('~')
    this.expectLiteral('{')
    const size = Number(this.expectRun(octetClass('', ['0', '9']), 'a size'))
    this.expectLiteral('}\r\n')
    this.offset += size
    return this.bytes.subarray(this.offset - size, this.offset)
  }

  /** An atom; what stands in brackets belongs to it, spaces and parentheses included. */
  word(): string | null {
    let word = this.expectRun(WORD, 'a value')
    while (word.includes('[') && !word.includes(']')) {
      word += String.fromCharCode(this.bytes[this.offset++]!) + (this.run(WORD) ?? '')
      if (this.atEnd) break
    }
    return word.toUpperCase() === 'NIL' ? null : word
  }
}
