import type { Encoder } from './encoder.ts'
import { encodeFetch, type FetchedMessage } from './fetch-response.ts'
import { DELIMITER } from './mailbox-name.ts'
import type { NumberSet } from './number-set.ts'
import { formatResponseCode, type ResponseCode } from './response-code.ts'

/** How a command ended. `BYE` and a bare `OK` are said without a tag. */
export type Status = 'OK' | 'NO' | 'BAD' | 'BYE'

export interface StatusResponse {
  readonly status: Status
  readonly code?: ResponseCode
  /** For people. ASCII. */
  readonly text: string
}

/** Attributes of LIST beside those that are computed (RFC 3501 §7.2.2, RFC 9051 §7.3.1, RFC 6154 §2). */
export type ListAttribute = `\\${string}`

/** The data a server says without a tag (RFC 3501 §7). Messages of a FETCH command itself come as a stream instead. */
export type UntaggedResponse =
  | ({ readonly kind: 'status' } & StatusResponse)
  | { readonly kind: 'capability'; readonly capabilities: readonly string[] }
  | { readonly kind: 'enabled'; readonly capabilities: readonly string[] }
  | { readonly kind: 'id'; readonly fields: ReadonlyMap<string, string> }
  | { readonly kind: 'flags'; readonly flags: readonly string[] }
  | { readonly kind: 'exists' | 'recent' | 'expunge'; readonly number: number }
  | ListResponse
  | { readonly kind: 'namespace' }
  | { readonly kind: 'mailboxStatus'; readonly name: string; readonly items: readonly StatusValue[] }
  | { readonly kind: 'search'; readonly numbers: readonly number[]; readonly modseq?: number }
  | SearchResult
  | { readonly kind: 'fetch'; readonly message: FetchedMessage }

export interface ListResponse {
  readonly kind: 'list' | 'lsub'
  readonly attributes: readonly ListAttribute[]
  readonly name: string
  /** Selection options that a descendant meets (RFC 5258 §3.5). */
  readonly childInfo?: readonly string[]
}

export type StatusValue = readonly [item: string, value: number]

/** ESEARCH (RFC 4731 §3.1): only what was asked for; `all` is absent when nothing was found. */
export interface SearchResult {
  readonly kind: 'esearch'
  readonly tag: string
  readonly uid: boolean
  readonly min?: number
  readonly max?: number
  readonly all?: NumberSet
  readonly count?: number
  readonly modseq?: number
}

/** Writes `* … CRLF`. */
export function encodeUntagged(encoder: Encoder, response: UntaggedResponse): void {
  if (response.kind === 'fetch') return encodeFetch(encoder, response.message)
  encoder.raw('* ')
  encodeData(encoder, response)
  encoder.raw('\r\n')
}

/** Writes `tag OK [CODE] text CRLF`. */
export function encodeTagged(encoder: Encoder, tag: string, response: StatusResponse): void {
  encoder.raw(`${tag} `)
  encodeStatus(encoder, response)
  encoder.raw('\r\n')
}

function encodeData(encoder: Encoder, response: Exclude<UntaggedResponse, { kind: 'fetch' }>): void {
  switch (response.kind) {
    case 'status':
      return encodeStatus(encoder, response)
    case 'capability':
    case 'enabled':
      return void encoder.raw(`${response.kind.toUpperCase()} ${response.capabilities.join(' ')}`)
    case 'id':
      return encodeId(encoder, response.fields)
    case 'flags':
      return void encoder.raw(`FLAGS (${response.flags.join(' ')})`)
    case 'exists':
    case 'recent':
    case 'expunge':
      return void encoder.raw(`${response.number} ${response.kind.toUpperCase()}`)
    case 'list':
    case 'lsub':
      return encodeList(encoder, response)
    case 'namespace':
      return void encoder.raw(`NAMESPACE (("" "${DELIMITER}")) NIL NIL`)
    case 'mailboxStatus':
      return void encoder
        .raw('STATUS ')
        .mailbox(response.name)
        .raw(` (${response.items.map(pair).join(' ')})`)
    case 'search':
      return void encoder.raw(
        `SEARCH${response.numbers.map((n) => ` ${n}`).join('')}${modseq(response.modseq)}`,
      )
    case 'esearch':
      return encodeEsearch(encoder, response)
  }
}

function encodeStatus(encoder: Encoder, { status, code, text }: StatusResponse): void {
  encoder.raw(code === undefined ? `${status} ${text}` : `${status} ${formatResponseCode(code)} ${text}`)
}

function encodeId(encoder: Encoder, fields: ReadonlyMap<string, string>): void {
  encoder.raw('ID (')
  let separator = ''
  for (const [field, value] of fields) {
    encoder.raw(separator).string(field).raw(' ').string(value)
    separator = ' '
  }
  encoder.raw(')')
}

// RFC 9051 §7.3.1; CHILDINFO of RFC 5258 §3.5
function encodeList(encoder: Encoder, { kind, attributes, name, childInfo }: ListResponse): void {
  encoder.raw(`${kind.toUpperCase()} (${attributes.join(' ')}) "${DELIMITER}" `)
  if (name === '') encoder.raw('""')
  else encoder.mailbox(name)
  if (childInfo !== undefined) {
    encoder.raw(` ("CHILDINFO" (${childInfo.map((option) => `"${option}"`).join(' ')}))`)
  }
}

function encodeEsearch(encoder: Encoder, result: SearchResult): void {
  encoder.raw(`ESEARCH (TAG "${result.tag}")${result.uid ? ' UID' : ''}`)
  if (result.min !== undefined) encoder.raw(` MIN ${result.min}`)
  if (result.max !== undefined) encoder.raw(` MAX ${result.max}`)
  if (result.all !== undefined) encoder.raw(` ALL ${result.all.toString()}`)
  if (result.count !== undefined) encoder.raw(` COUNT ${result.count}`)
  if (result.modseq !== undefined) encoder.raw(` MODSEQ ${result.modseq}`)
}

function pair([item, value]: StatusValue): string {
  return `${item} ${value}`
}

// RFC 7162 §3.1.5
function modseq(value: number | undefined): string {
  return value === undefined ? '' : ` (MODSEQ ${value})`
}
