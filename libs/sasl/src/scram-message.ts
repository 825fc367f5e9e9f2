import { decodeBase64 } from './base64.ts'
import { MAX_FIELD, utf8Text } from './mechanism.ts'

// The messages of RFC 5802 §7, each a function that returns undefined for what does not follow the grammar.

/** Octets of one SCRAM message: three fields of the largest size and their names. */
export const MAX_SCRAM_MESSAGE = 4 * MAX_FIELD

/** Digits of an iteration count; more would not be a count that anybody runs. */
const ITERATIONS = /^[1-9][0-9]{0,8}$/

// printable = %x21-2B / %x2D-7E
const NONCE = /^[\x21-\x2B\x2D-\x7E]+$/

/** gs2-cbind-flag: the client has no channel binding, has it but thinks that we do not, or demands it. RFC 5802 §6 */
export type ChannelBinding =
  | { readonly flag: 'n' }
  | { readonly flag: 'y' }
  | { readonly flag: 'p'; readonly type: string }

export interface ClientFirst {
  readonly channelBinding: ChannelBinding
  readonly authzid: string
  readonly username: string
  readonly nonce: string
  /** As received: the client repeats it in its final message. */
  readonly gs2Header: string
  /** client-first-message-bare, as received: part of what is signed. */
  readonly bare: string
}

export interface ServerFirst {
  readonly nonce: string
  readonly salt: Buffer
  readonly iterations: number
}

export interface ClientFinal {
  /** cbind-input: the header of the first message, and the data of the channel if it is bound. */
  readonly channelBinding: Buffer
  readonly nonce: string
  readonly proof: Buffer
  /** client-final-message-without-proof, as received: part of what is signed. */
  readonly withoutProof: string
}

/** `gs2-cbind-flag "," [authzid] "," username "," nonce ["," extensions]` */
export function parseClientFirst(octets: Buffer): ClientFirst | undefined {
  const text = messageText(octets)
  if (text === undefined) return undefined
  const [flag = '', authzidField = '', ...bareFields] = text.split(',')
  const channelBinding = parseChannelBinding(flag)
  const authzid = authzidField === '' ? '' : unescapeName(value(authzidField, 'a'))
  const username = unescapeName(value(bareFields[0], 'n')) // an `m=` here is an extension that must be refused
  const nonce = parseNonce(value(bareFields[1], 'r'))
  if (!channelBinding || authzid === undefined || !username || nonce === undefined) return undefined
  const gs2Header = `${flag},${authzidField},`
  return { channelBinding, authzid, username, nonce, gs2Header, bare: text.slice(gs2Header.length) }
}

/** `[reserved-mext ","] nonce "," salt "," iteration-count ["," extensions]` */
export function parseServerFirst(octets: Buffer): ServerFirst | undefined {
  const fields = messageText(octets)?.split(',') ?? []
  const nonce = parseNonce(value(fields[0], 'r'))
  const salt = parseBase64(value(fields[1], 's'))
  const count = value(fields[2], 'i')
  if (nonce === undefined || !salt?.length || count === undefined || !ITERATIONS.test(count)) return undefined
  return { nonce, salt, iterations: Number(count) }
}

/** `channel-binding "," nonce ["," extensions] "," proof` */
export function parseClientFinal(octets: Buffer): ClientFinal | undefined {
  const text = messageText(octets)
  if (text === undefined) return undefined
  const fields = text.split(',')
  const channelBinding = parseBase64(value(fields[0], 'c'))
  const nonce = parseNonce(value(fields[1], 'r'))
  const proof = fields.length < 3 ? undefined : parseBase64(value(fields.at(-1), 'p'))
  if (channelBinding === undefined || nonce === undefined || proof === undefined) return undefined
  return { channelBinding, nonce, proof, withoutProof: text.slice(0, text.lastIndexOf(',')) }
}

/** `server-error / verifier`: the signature, or the server's word for what is wrong. */
export function parseServerFinal(octets: Buffer): { signature: Buffer } | { error: string } | undefined {
  const first = messageText(octets)?.split(',')[0]
  const error = value(first, 'e')
  if (error !== undefined) return { error }
  const signature = parseBase64(value(first, 'v'))
  return signature && { signature }
}

/** saslname: `,` is `=2C` and `=` is `=3D`. */
export function escapeName(name: string): string {
  return name.replaceAll('=', '=3D').replaceAll(',', '=2C')
}

/** The reverse; undefined when an `=` is followed by anything else, which RFC 5802 §5.1 wants refused. */
export function unescapeName(name: string | undefined): string | undefined {
  if (name === undefined || name.length > MAX_FIELD || /=(?!2C|3D)/.test(name)) return undefined
  return name.replaceAll('=2C', ',').replaceAll('=3D', '=')
}

function parseChannelBinding(flag: string): ChannelBinding | undefined {
  if (flag === 'n' || flag === 'y') return { flag }
  return /^p=[A-Za-z0-9.-]+$/.test(flag) ? { flag: 'p', type: flag.slice(2) } : undefined
}

/** `gs2-cbind-flag "," [authzid] ","`, without an authorization identity. */
export function formatGs2Header(binding: ChannelBinding): string {
  return binding.flag === 'p' ? `p=${binding.type},,` : `${binding.flag},,`
}

function parseNonce(nonce: string | undefined): string | undefined {
  return nonce !== undefined && nonce.length <= MAX_FIELD && NONCE.test(nonce) ? nonce : undefined
}

function parseBase64(text: string | undefined): Buffer | undefined {
  return text === undefined ? undefined : decodeBase64(Buffer.from(text))
}

function value(field: string | undefined, name: string): string | undefined {
  return field?.startsWith(`${name}=`) ? field.slice(2) : undefined
}

function messageText(octets: Buffer): string | undefined {
  return octets.length > MAX_SCRAM_MESSAGE ? undefined : utf8Text(octets)
}
