import { DAY } from '../date-time.ts'
import type { Decoder } from '../decoder.ts'
import { LimitError } from '../limits.ts'
import type { SearchKey, SearchReturn } from '../search-key.ts'

/** RFC 3501 §6.4.4, RETURN of RFC 4731 §3.1. */
export interface SearchCommand {
  readonly uid: boolean
  readonly criteria: SearchKey
  /** Undefined without RETURN; `RETURN ()` means ALL. */
  readonly return?: readonly SearchReturn[]
}

/** The charset is not one we read. Answered `NO [BADCHARSET (…)]`. */
export class CharsetError extends Error {
  override readonly name = 'CharsetError'
}

/** Charsets SEARCH understands. US-ASCII is a part of UTF-8. */
export const SEARCH_CHARSETS: readonly string[] = ['US-ASCII', 'UTF-8']

const LPAREN = 0x28
const RETURNS: ReadonlySet<string> = new Set<SearchReturn>(['MIN', 'MAX', 'ALL', 'COUNT', 'SAVE'])
const UTF8 = new TextDecoder('utf-8', { fatal: true })

export function readSearch(decoder: Decoder, uid: boolean): SearchCommand {
  decoder.expectSp()
  const wanted = decoder.word('return') ? readReturn(decoder) : undefined
  if (decoder.word('charset')) readCharset(decoder)
  const criteria = new KeyReader(decoder).all()
  return wanted === undefined ? { uid, criteria } : { uid, criteria, return: wanted }
}

function readReturn(decoder: Decoder): readonly SearchReturn[] {
  decoder.expectSp()
  const options = decoder.expectList(() => {
    const name = decoder.expectAtom('a return option').toUpperCase()
    return RETURNS.has(name) ? (name as SearchReturn) : decoder.fault('a return option')
  })
  decoder.expectSp()
  return options.length > 0 ? options : ['ALL']
}

function readCharset(decoder: Decoder): void {
  decoder.expectSp()
  const charset = decoder.expectAstring().toString('latin1').toUpperCase()
  if (!SEARCH_CHARSETS.includes(charset)) throw new CharsetError('Charset is not supported')
  decoder.expectSp()
}

const FLAG_KEYS: ReadonlyMap<string, string> = new Map([
  ['ANSWERED', '\\Answered'],
  ['DELETED', '\\Deleted'],
  ['DRAFT', '\\Draft'],
  ['FLAGGED', '\\Flagged'],
  ['RECENT', '\\Recent'],
  ['SEEN', '\\Seen'],
])

const HEADER_KEYS: ReadonlySet<string> = new Set(['BCC', 'CC', 'FROM', 'SUBJECT', 'TO'])

class KeyReader {
  readonly #decoder: Decoder
  #count = 0

  constructor(decoder: Decoder) {
    this.#decoder = decoder
  }

  /** All keys up to the end of the line or the closing parenthesis; they are joined by AND. */
  all(): SearchKey {
    const keys: SearchKey[] = []
    do keys.push(this.#key())
    while (this.#decoder.sp())
    return keys.length === 1 ? keys[0]! : { key: 'AND', keys }
  }

  #key(): SearchKey {
    const decoder = this.#decoder
    if (++this.#count > decoder.limits.searchKeys) throw new LimitError('searchKeys', 'too many search keys')
    if (decoder.peek() === LPAREN) return this.#group()
    const set = decoder.sequenceSet()
    if (set !== undefined) return { key: 'SEQUENCE', set }
    const start = decoder.offset
    const name = decoder.keyword()
    const key = name === undefined ? undefined : this.#named(name)
    if (key !== undefined) return key
    decoder.offset = start
    return decoder.fault('a search key')
  }

  #group(): SearchKey {
    const decoder = this.#decoder
    decoder.expectOctet(LPAREN)
    const group = decoder.nested(() => this.all())
    decoder.expectListEnd()
    return group
  }

  #named(name: string): SearchKey | undefined {
    const flag = FLAG_KEYS.get(name)
    if (flag !== undefined) return { key: 'FLAG', flag }
    const unset = name.startsWith('UN') ? FLAG_KEYS.get(name.slice(2)) : undefined
    if (unset !== undefined && unset !== '\\Recent') return not({ key: 'FLAG', flag: unset })
    if (HEADER_KEYS.has(name)) return { key: 'HEADER', field: name, text: this.#text() }
    return this.#logic(name) ?? this.#date(name) ?? this.#other(name)
  }

  #logic(name: string): SearchKey | undefined {
    switch (name) {
      case 'ALL':
        return { key: 'ALL' }
      case 'NOT':
        return not(this.#operand())
      case 'OR':
        return { key: 'OR', either: this.#operand(), or: this.#operand() }
      case 'NEW':
        return { key: 'AND', keys: [{ key: 'FLAG', flag: '\\Recent' }, not({ key: 'FLAG', flag: '\\Seen' })] }
      case 'OLD':
        return not({ key: 'FLAG', flag: '\\Recent' })
      default:
        return undefined
    }
  }

  #date(name: string): SearchKey | undefined {
    const sent = name.startsWith('SENT')
    const bound = sent ? name.slice(4) : name
    if (bound !== 'BEFORE' && bound !== 'ON' && bound !== 'SINCE') return undefined
    const key = sent ? 'SENTDATE' : 'INTERNALDATE'
    this.#decoder.expectSp()
    const day = this.#decoder.expectDate()
    if (bound === 'BEFORE') return { key, before: day }
    return bound === 'SINCE' ? { key, since: day } : { key, since: day, before: day + DAY }
  }

  #other(name: string): SearchKey | undefined {
    switch (name) {
      case 'BODY':
        return { key: 'BODY', text: this.#text() }
      case 'TEXT':
        return { key: 'TEXT', text: this.#text() }
      case 'HEADER':
        return { key: 'HEADER', field: this.#text().toUpperCase(), text: this.#text() }
      case 'KEYWORD':
        return { key: 'FLAG', flag: this.#keyword() }
      case 'UNKEYWORD':
        return not({ key: 'FLAG', flag: this.#keyword() })
      case 'LARGER':
        return { key: 'LARGER', octets: this.#number() }
      case 'SMALLER':
        return { key: 'SMALLER', octets: this.#number() }
      case 'MODSEQ':
        return { key: 'MODSEQ', modseq: this.#modseq() }
      case 'UID':
        this.#decoder.expectSp()
        return { key: 'UID', set: this.#decoder.expectSequenceSet() }
      default:
        return undefined
    }
  }

  #operand(): SearchKey {
    this.#decoder.expectSp()
    return this.#decoder.nested(() => this.#key())
  }

  #text(): string {
    this.#decoder.expectSp()
    const start = this.#decoder.offset
    const octets = this.#decoder.expectAstring()
    try {
      return UTF8.decode(octets)
    } catch {
      this.#decoder.offset = start
      return this.#decoder.fault('text in UTF-8')
    }
  }

  #keyword(): string {
    this.#decoder.expectSp()
    return this.#decoder.flag() ?? this.#decoder.fault('a keyword')
  }

  #number(): number {
    this.#decoder.expectSp()
    return this.#decoder.expectNumber64()
  }

  /** RFC 7162 §3.1.5: an entry name and type may come first; we keep one modseq for all of a message. */
  #modseq(): number {
    const decoder = this.#decoder
    decoder.expectSp()
    if (decoder.peek() === 0x22) {
      decoder.expectString()
      decoder.expectSp()
      decoder.expectAtom('an entry type')
      decoder.expectSp()
    }
    return decoder.expectNumber64()
  }
}

function not(key: SearchKey): SearchKey {
  return { key: 'NOT', not: key }
}
