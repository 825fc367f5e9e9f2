import { textOf, type OctetString } from '@cartero/message'
import { encodeMailboxName } from './mailbox-name.ts'

/** Longer strings go as literals: many clients' line buffers end near 1,000 octets (RFC 2683 §3.2.1.5). */
const MAX_QUOTED = 900

/** How words are to be written. */
export interface EncoderOptions {
  /** IMAP4rev2 or UTF8=ACCEPT is enabled: quoted strings may be UTF-8. Otherwise no octet above 127 leaves here but in message octets. */
  readonly utf8: boolean
}

/**
 * Gathers octets of responses. Text is held as a string with one character an octet and turned into octets in one go,
 * which is several times cheaper than writing many small buffers.
 */
export class Encoder {
  readonly utf8: boolean
  #text = ''
  #chunks: Buffer[] = []
  #size = 0

  constructor(options: EncoderOptions) {
    this.utf8 = options.utf8
  }

  /** Octets gathered so far. */
  get size(): number {
    return this.#size + this.#text.length
  }

  /** Syntax and atoms: ASCII. */
  raw(text: string): this {
    this.#text += text
    return this
  }

  /** Octets as they are. The encoder keeps the buffer until `take`. */
  octets(bytes: Buffer): this {
    if (bytes.length < 1024) {
      this.#text += bytes.toString('latin1')
      return this
    }
    this.#settle()
    this.#chunks.push(bytes)
    this.#size += bytes.length
    return this
  }

  /** A `literal` with its size before it. */
  literal(bytes: Buffer): this {
    return this.raw(`{${bytes.length}}\r\n`).octets(bytes)
  }

  /** The head of a literal whose octets follow by other ways. */
  literalHead(size: number): this {
    return this.raw(`{${size}}\r\n`)
  }

  /** A `string` for Unicode text. Without UTF-8 what is not ASCII becomes encoded words (RFC 2047 §2), as in a header. */
  string(text: string): this {
    switch (kindOf(text)) {
      case 'plain':
        return this.raw(`"${text}"`)
      case 'escaped':
        return this.raw(`"${escape(text)}"`)
      case 'unicode':
        return this.#unicode(text)
      case 'literal':
        return this.literal(Buffer.from(this.utf8 ? text : asciiOnly(text), 'utf8'))
    }
  }

  /** A `string` of octets out of a message, which may hold anything. What is UTF-8 or unlabelled becomes encoded words. */
  octetString(octets: OctetString): this {
    return kindOf(octets) === 'plain' ? this.raw(`"${octets}"`) : this.string(textOf(octets))
  }

  /** `nstring`: NIL for undefined, which is something else than the empty string. */
  nstring(octets: OctetString | undefined): this {
    return octets === undefined ? this.raw('NIL') : this.octetString(octets)
  }

  /** A mailbox name, quoted unless it is INBOX. */
  mailbox(name: string): this {
    if (name === 'INBOX') return this.raw('INBOX')
    return this.raw(`"${escape(encodeMailboxName(name, this.utf8))}"`)
  }

  /** Everything gathered, to be sent; the encoder is empty after it. */
  take(): Buffer {
    this.#settle()
    const chunks = this.#chunks
    const bytes = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, this.#size)
    this.#chunks = []
    this.#size = 0
    return bytes
  }

  #unicode(text: string): this {
    if (!this.utf8) return this.raw(`"${encodedWords(text)}"`)
    return this.raw(`"${escape(Buffer.from(text, 'utf8').toString('latin1'))}"`)
  }

  #settle(): void {
    if (this.#text === '') return
    const bytes = Buffer.from(this.#text, 'latin1')
    this.#text = ''
    this.#chunks.push(bytes)
    this.#size += bytes.length
  }
}

type TextKind = 'plain' | 'escaped' | 'unicode' | 'literal'

function kindOf(text: string): TextKind {
  if (text.length > MAX_QUOTED) return 'literal'
  let kind: TextKind = 'plain'
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code > 0x7e) kind = 'unicode'
    else if (code < 0x20 && code !== 0x09) return 'literal'
    else if ((code === 0x22 || code === 0x5c) && kind === 'plain') kind = 'escaped'
  }
  return kind
}

function escape(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')
}

/** Text with NUL dropped (RFC 3501 §9 CHAR8) and in encoded words when it is not ASCII. */
function asciiOnly(text: string): string {
  const clean = text.replaceAll('\0', '')
  for (let i = 0; i < clean.length; i++) {
    if (clean.charCodeAt(i) > 0x7e) return encodedWords(clean)
  }
  return clean
}

/** RFC 2047 §2: at most 75 characters a word, so 45 octets of text in base64, never cut within a character. */
const WORD_OCTETS = 45

/** The whole text as encoded words in UTF-8 and base64. */
export function encodedWords(text: string): string {
  const words: string[] = []
  let word = ''
  let size = 0
  for (const character of text.replaceAll('\0', '')) {
    const octets = Buffer.byteLength(character)
    if (size + octets > WORD_OCTETS) {
      words.push(word)
      word = ''
      size = 0
    }
    word += character
    size += octets
  }
  words.push(word)
  return words.map((part) => `=?UTF-8?B?${Buffer.from(part, 'utf8').toString('base64')}?=`).join(' ')
}
