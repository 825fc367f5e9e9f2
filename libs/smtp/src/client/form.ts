import type { Bytes, TlsFacts } from '@cartero/wire'
import type { Offer } from '../extensions.ts'
import type { MailParameters } from '../parameters/mail-parameters.ts'
import { needsUtf8 } from '../path.ts'
import { substitutes } from '../replies.ts'
import type { Reply } from '../reply.ts'
import { headerOf, type Content } from './content.ts'
import { converted, messageConversion, unreadable, type Conversion } from './conversion.ts'
import { canDeliverBy } from './envelope-parameters.ts'
import type { OutgoingTransaction } from './errand.ts'
import type { SmtpClientOptions } from './options.ts'

/** How a message goes to one server. */
export interface Form {
  readonly kind: 'form'
  /** In BDAT, not in DATA. */
  readonly inChunks: boolean
  readonly content: Content
  /** Octets of it, as far as known. */
  readonly size?: number
  readonly body?: NonNullable<MailParameters['body']>
  /** Sent in lines of CRLF; else octet for octet (RFC 3030 §3). */
  readonly inLines: boolean
}

/** That there is none, or that the header has to be read to know. */
export type Choice =
  | Form
  | { readonly kind: 'none'; readonly reply: Reply }
  | { readonly kind: 'header'; source(): AsyncIterable<Bytes> }

/** What the choice depends on. */
export interface Circumstances {
  readonly offer: Offer
  readonly tls: TlsFacts | undefined
  readonly options: SmtpClientOptions
}

/** @param header of the message, when it had to be read */
export function formFor(transaction: OutgoingTransaction, peer: Circumstances, header?: Buffer): Choice {
  const reply = obstacle(transaction, peer)
  if (reply !== undefined) return { kind: 'none', reply }
  const { content } = transaction
  const changes = changesFor(transaction, peer)
  if (!changes.header && !changes.body) return formOf(transaction, peer, content, transaction.body ?? '7bit')
  const fields = header ?? (Buffer.isBuffer(content) ? headerOf(content) : undefined)
  if (fields === undefined) return { kind: 'header', source: content as () => AsyncIterable<Bytes> }
  return convertedForm(transaction, peer, changes, fields)
}

/** Why there is no use in asking this server. */
function obstacle(transaction: OutgoingTransaction, { offer, tls }: Circumstances): Reply | undefined {
  const limit = Number(offer.get('SIZE') ?? 0)
  const { deliverBy, holdFor, holdUntil } = transaction
  // RFC 1870 §6.1
  if (limit > 0 && (sizeOf(transaction) ?? 0) > limit) return substitutes.messageTooBig
  if (needsUtf8(transaction.reversePath) && !offer.has('SMTPUTF8')) return substitutes.utf8Incapable
  if (transaction.requireTls === true && !(tls !== undefined && offer.has('REQUIRETLS'))) {
    return substitutes.requireTlsIncapable
  }
  if (deliverBy?.mode === 'return') {
    // RFC 2852 §4: by-time
    if (deliverBy.seconds <= 0) return substitutes.deliveryTimeOver
    if (!canDeliverBy(transaction, offer)) return substitutes.deliverByIncapable
  }
  if (transaction.verb === 'SEND' && !offer.has('SEND')) return substitutes.sendIncapable
  const isHeld = holdFor !== undefined || holdUntil !== undefined
  return isHeld && !offer.has('FUTURERELEASE') ? substitutes.holdIncapable : undefined
}

interface Changes {
  /** UTF-8 in header fields has to go. */
  readonly header: boolean
  /** Octets above 127, or what is in no lines, have to go. */
  readonly body: boolean
}

function changesFor({ body, smtpUtf8 }: OutgoingTransaction, peer: Circumstances): Changes {
  const isTooMuch = body === 'binary' ? !takesBinary(peer) : body === '8bit' && !peer.offer.has('8BITMIME')
  return { header: smtpUtf8 === true && !peer.offer.has('SMTPUTF8'), body: isTooMuch }
}

function convertedForm(
  transaction: OutgoingTransaction,
  peer: Circumstances,
  changes: Changes,
  header: Buffer,
): Choice {
  const { conversion = messageConversion, headers, signed } = peer.options.downgrade ?? {}
  const isSigned = conversion !== 'none' && conversion.isSigned(header)
  if (changes.header && (conversion === 'none' || headers !== true || isSigned)) {
    return { kind: 'none', reply: substitutes.utf8HeaderIncapable }
  }
  if (isSigned && signed === 'send' && transaction.body === '8bit') {
    return formOf(transaction, peer, transaction.content, '8bit')
  }
  // RFC 6152 §3, RFC 3030 §3
  if (isSigned) return { kind: 'none', reply: substitutes.conversionProhibited }
  if (conversion === 'none') return { kind: 'none', reply: substitutes.conversionRequired }
  try {
    return convert(transaction, peer, changes, conversion)
  } catch (error) {
    return { kind: 'none', reply: unreadable(error) }
  }
}

function convert(
  transaction: OutgoingTransaction,
  peer: Circumstances,
  changes: Changes,
  { to7Bit, to8Bit }: Conversion,
): Form {
  const ascii = { ...transaction, smtpUtf8: false }
  if (changes.header || !peer.offer.has('8BITMIME')) {
    return formOf(ascii, peer, converted(transaction.content, to7Bit), '7bit')
  }
  return formOf(transaction, peer, converted(transaction.content, to8Bit), '8bit')
}

function formOf(
  transaction: OutgoingTransaction,
  peer: Circumstances,
  content: Content,
  body: NonNullable<OutgoingTransaction['body']>,
): Form {
  const { offer } = peer
  const size = content === transaction.content ? sizeOf(transaction) : sizeOf({ content })
  // RFC 6531 §3.6: UTF-8 in header fields is 8-bit data
  const isEightBit = body === '8bit' || (body === '7bit' && transaction.smtpUtf8 === true)
  return {
    kind: 'form',
    inChunks: takesChunks(peer),
    content,
    inLines: body !== 'binary',
    ...(size === undefined ? {} : { size }),
    ...(body === 'binary' ? { body: 'BINARYMIME' as const } : {}),
    ...(isEightBit && offer.has('8BITMIME') ? { body: '8BITMIME' as const } : {}),
  }
}

function takesChunks({ offer, options }: Circumstances): boolean {
  return offer.has('CHUNKING') && options.chunking !== 'never'
}

function takesBinary(peer: Circumstances): boolean {
  return takesChunks(peer) && peer.offer.has('BINARYMIME')
}

function sizeOf({ size, content }: Pick<OutgoingTransaction, 'size' | 'content'>): number | undefined {
  return size ?? (Buffer.isBuffer(content) ? content.length : undefined)
}
