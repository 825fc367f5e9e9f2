import { decodeXtext, encodeXtext, parseAddressLiteral } from '@cartero/syntax'
import type { CommandScanner } from '../command-scanner.ts'
import { replies } from '../replies.ts'
import { ReplyError } from '../reply-error.ts'

/** Who a client speaks for, as a trusted proxy says. Null is known to be unknown. */
// Postfix XCLIENT and XFORWARD: [UNAVAILABLE] and [TEMPUNAVAIL] are null
export interface ProxiedClient {
  readonly name?: string | null
  /** IPv4, or IPv6 in the form of RFC 5952 §4; XFORWARD may have any other word. */
  readonly address?: string | null
  readonly port?: number | null
  /** `SMTP` or `ESMTP`; XFORWARD may have any other word. */
  readonly protocol?: string | null
  readonly helo?: string | null
  readonly login?: string | null
  readonly destinationAddress?: string | null
  readonly destinationPort?: number | null
  /** XFORWARD only: the queue id there. */
  readonly identity?: string | null
  /** XFORWARD only. */
  readonly source?: 'LOCAL' | 'REMOTE' | null
}

/** XCLIENT: who really speaks, for all that follows. XFORWARD: where the next message came from, for the log. */
export interface ProxiedCommand {
  readonly verb: 'XCLIENT' | 'XFORWARD'
  readonly client: ProxiedClient
}

/** An attribute: its name, its field, and how its value is read; undefined is malformed. */
interface AttributeRow {
  readonly name: string
  readonly field: keyof ProxiedClient
  parse(text: string): string | number | undefined
}

const NAME: AttributeRow = { name: 'NAME', field: 'name', parse: parseWord }
const PORT: AttributeRow = { name: 'PORT', field: 'port', parse: parsePort }
const HELO: AttributeRow = { name: 'HELO', field: 'helo', parse: parseWord }

const ATTRIBUTES: Readonly<Record<ProxiedCommand['verb'], readonly AttributeRow[]>> = {
  XCLIENT: [
    NAME,
    { name: 'ADDR', field: 'address', parse: parseAddress },
    PORT,
    { name: 'PROTO', field: 'protocol', parse: (text) => oneOf(text, 'SMTP', 'ESMTP') },
    HELO,
    { name: 'LOGIN', field: 'login', parse: parseWord },
    { name: 'DESTADDR', field: 'destinationAddress', parse: parseAddress },
    { name: 'DESTPORT', field: 'destinationPort', parse: parsePort },
  ],
  XFORWARD: [
    NAME,
    { name: 'ADDR', field: 'address', parse: (text) => parseAddress(text) ?? parseWord(text) },
    PORT,
    { name: 'PROTO', field: 'protocol', parse: (text) => (text.length > 64 ? undefined : parseWord(text)) },
    HELO,
    { name: 'IDENT', field: 'identity', parse: parseWord },
    { name: 'SOURCE', field: 'source', parse: (text) => oneOf(text, 'LOCAL', 'REMOTE') },
  ],
}

/** Names of the attributes, as EHLO says them. */
export function attributesOf(verb: ProxiedCommand['verb']): readonly string[] {
  return ATTRIBUTES[verb].map(({ name }) => name)
}

/** Octets of a value, decoded. */
// Postfix XFORWARD_README, note 1
const VALUE_OCTETS = 255

// Postfix XCLIENT_README: 1*( SP attribute-name"="attribute-value ), attribute-value = xtext
export function parseProxied(verb: ProxiedCommand['verb'], scanner: CommandScanner): ProxiedCommand {
  const client: Record<string, string | number | null> = {}
  while (!scanner.lineEnd()) {
    const word = scanner.word() ?? ''
    const equals = word.indexOf('=')
    const name = word.slice(0, Math.max(equals, 0)).toUpperCase()
    const row = ATTRIBUTES[verb].find((each) => each.name === name)
    if (row === undefined || row.field in client) throw malformed(verb)
    const value = parseValue(row, word.slice(equals + 1))
    if (value === undefined) throw malformed(verb)
    client[row.field] = value
  }
  if (Object.keys(client).length === 0) throw malformed(verb)
  return { verb, client }
}

export function formatProxied({ verb, client }: ProxiedCommand): string {
  const attributes = ATTRIBUTES[verb].flatMap(({ name, field }) => {
    const value = client[field]
    return value === undefined ? [] : ` ${name}=${formatValue(name, value)}`
  })
  return verb + attributes.join('')
}

function malformed(verb: ProxiedCommand['verb']): ReplyError {
  return new ReplyError(replies.syntax(`${verb} ${attributesOf(verb).join('= ')}=`))
}

function parseValue(row: AttributeRow, xtext: string): string | number | null | undefined {
  const text = decodeXtext(xtext)
  if (text === undefined || text === '' || Buffer.byteLength(text) > VALUE_OCTETS) return undefined
  return /^\[(?:UNAVAILABLE|TEMPUNAVAIL)\]$/i.test(text) ? null : row.parse(text)
}

function formatValue(name: string, value: string | number | null): string {
  if (value === null) return '[UNAVAILABLE]'
  const isIpv6 = name.endsWith('ADDR') && parseAddressLiteral(`[IPv6:${value}]`) !== undefined
  return encodeXtext(isIpv6 ? `IPV6:${value}` : String(value))
}

/** What can stand in a trace field: no spaces, controls, quotes or parentheses. */
// Postfix XFORWARD_README, note 1
function parseWord(text: string): string | undefined {
  return /[\s\p{Cc}"(),;<>\\]/u.test(text) ? undefined : text
}

/** `192.0.2.1` or `IPV6:2001:db8::1`. */
function parseAddress(text: string): string | undefined {
  const literal = parseAddressLiteral(`[${text}]`)
  return literal === undefined || literal.kind === 'general' ? undefined : literal.address
}

function parsePort(text: string): number | undefined {
  return /^\d{1,5}$/.test(text) && Number(text) <= 65_535 ? Number(text) : undefined
}

function oneOf(text: string, ...words: readonly string[]): string | undefined {
  return words.find((word) => word === text.toUpperCase())
}
