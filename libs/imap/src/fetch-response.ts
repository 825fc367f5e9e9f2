import type { Envelope, Part } from '@cartero/message'
import type { Bytes } from '@cartero/wire'
import { encodeBodyStructure } from './body-structure.ts'
import { formatDateTime } from './date-time.ts'
import { Encoder, type EncoderOptions } from './encoder.ts'
import { encodeEnvelope } from './envelope.ts'

/** What is told of one message. */
export interface FetchedMessage {
  readonly sequence: number
  readonly items: readonly FetchedItem[]
}

/** One item that is told (RFC 3501 §7.4.2). */
export type FetchedItem =
  | { readonly item: 'UID'; readonly uid: number }
  | { readonly item: 'FLAGS'; readonly flags: readonly string[] }
  /** Milliseconds since the epoch. */
  | { readonly item: 'INTERNALDATE'; readonly at: number }
  | { readonly item: 'RFC822.SIZE'; readonly octets: number }
  | { readonly item: 'ENVELOPE'; readonly envelope: Envelope }
  | { readonly item: 'BODY' | 'BODYSTRUCTURE'; readonly root: Part }
  | { readonly item: 'MODSEQ'; readonly modseq: number }
  /** A section at hand, or undefined when the message has none such: NIL. */
  | { readonly item: 'SECTION'; readonly label: string; readonly octets: Buffer | undefined }
  /** A section that streams. The source gives exactly `size` octets. */
  | {
      readonly item: 'SECTION'
      readonly label: string
      readonly size: number
      readonly source: AsyncIterable<Buffer>
    }
  /** Octets without transfer encoding, NUL allowed (RFC 9051 §7.5.2). */
  | { readonly item: 'BINARY'; readonly label: string; readonly octets: Buffer | undefined }
  | {
      readonly item: 'BINARY'
      readonly label: string
      readonly size: number
      readonly source: AsyncIterable<Buffer>
    }
  | { readonly item: 'BINARY.SIZE'; readonly label: string; readonly octets: number }

export type StreamedSection = Extract<FetchedItem, { readonly source: AsyncIterable<Buffer> }>

/** Octets gathered before they are handed on: many small messages share one write, and one large one is not held. */
const PIECE = 64 * 1024

/** A section did not give the octets that its literal had promised: the stream cannot be mended. Our store is at fault. */
export class TornResponseError extends Error {
  override readonly name = 'TornResponseError'
}

/** Turns messages into the octets of FETCH responses, a bounded piece at a time. */
export class FetchStream {
  readonly #encoder: Encoder
  #torn = false

  constructor(options: EncoderOptions) {
    this.#encoder = new Encoder(options)
  }

  /** Is the peer in the middle of a literal? Then nothing else may be said to it. */
  get torn(): boolean {
    return this.#torn
  }

  async *encode(messages: AsyncIterable<readonly FetchedMessage[]>): AsyncGenerator<Bytes> {
    for await (const batch of messages) {
      for (const message of batch) {
        if (message.items.some(isStreamed)) yield* this.#streamed(message)
        else encodeFetch(this.#encoder, message)
        if (this.#encoder.size >= PIECE) yield this.#encoder.take()
      }
    }
    if (this.#encoder.size > 0) yield this.#encoder.take()
  }

  async *#streamed(message: FetchedMessage): AsyncGenerator<Bytes> {
    let separator = `* ${message.sequence} FETCH (`
    for (const item of message.items) {
      this.#encoder.raw(separator)
      separator = ' '
      if (isStreamed(item)) yield* this.#section(item)
      else encodeItem(this.#encoder, item)
    }
    this.#encoder.raw(')\r\n')
    this.#torn = false
  }

  async *#section({ item, label, size, source }: StreamedSection): AsyncGenerator<Bytes> {
    this.#torn = true
    // RFC 9051 §9 literal8: nobody knows yet whether there is a NUL
    yield this.#encoder
      .raw(item === 'BINARY' ? `${label} ~` : `${label} `)
      .literalHead(size)
      .take()
    let left = size
    for await (const bytes of source) {
      if (bytes.length > left) break
      left -= bytes.length
      yield bytes
    }
    if (left > 0) throw new TornResponseError(`${label} ended ${left} octets before its ${size}`)
  }
}

function isStreamed(item: FetchedItem): item is StreamedSection {
  return 'source' in item
}

/** Writes `* n FETCH (…) CRLF` of a message whose octets are at hand. */
export function encodeFetch(encoder: Encoder, { sequence, items }: FetchedMessage): void {
  encoder.raw(`* ${sequence} FETCH (`)
  for (let i = 0; i < items.length; i++) {
    if (i > 0) encoder.raw(' ')
    encodeItem(encoder, items[i]!)
  }
  encoder.raw(')\r\n')
}

function encodeItem(encoder: Encoder, item: FetchedItem): void {
  if (isStreamed(item)) throw new TypeError('a section that streams needs a FetchStream')
  switch (item.item) {
    case 'UID':
      return void encoder.raw(`UID ${item.uid}`)
    case 'FLAGS':
      return void encoder.raw(`FLAGS (${item.flags.join(' ')})`)
    case 'INTERNALDATE':
      return void encoder.raw(`INTERNALDATE "${formatDateTime(item.at)}"`)
    case 'RFC822.SIZE':
      return void encoder.raw(`RFC822.SIZE ${item.octets}`)
    case 'ENVELOPE':
      encoder.raw('ENVELOPE ')
      return encodeEnvelope(encoder, item.envelope)
    case 'BODY':
    case 'BODYSTRUCTURE':
      encoder.raw(`${item.item} `)
      return encodeBodyStructure(encoder, item.root, item.item === 'BODYSTRUCTURE')
    case 'MODSEQ':
      return void encoder.raw(`MODSEQ (${item.modseq})`)
    case 'BINARY.SIZE':
      return void encoder.raw(`${item.label} ${item.octets}`)
    case 'SECTION':
    case 'BINARY':
      return encodeOctets(encoder, item)
  }
}

// RFC 9051 §9 literal8: needed only where there is a NUL
function encodeOctets(
  encoder: Encoder,
  item: Extract<FetchedItem, { readonly octets: Buffer | undefined }>,
): void {
  encoder.raw(`${item.label} `)
  if (item.octets === undefined) return void encoder.raw('NIL')
  if (item.item === 'BINARY' && item.octets.includes(0)) encoder.raw('~')
  encoder.literal(item.octets)
}
