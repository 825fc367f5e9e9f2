import { parseIpv4, parseIpv6, formatIpv6 } from '@cartero/wire'
import { normalName } from '../name.ts'
import type { RecordsByType, RecordType } from '../ports.ts'
import { entriesOf, type Entry } from './entries.ts'
import { ZoneFileError } from './zone-file-error.ts'

/** A record of a zone file; `name` may begin with `*.`. */
export type ZoneRecord = {
  [T in RecordType]: { readonly name: string; readonly type: T; readonly value: RecordsByType[T] }
}[RecordType]

export interface ZoneFile {
  readonly records: readonly ZoneRecord[]
  /** The origin that was given, or else the first of the file; '' is the root. */
  readonly origin: string
}

export interface ZoneFileOptions {
  /** For the messages of errors. */
  readonly file?: string
  /** What names without a dot at the end are completed with, until an $ORIGIN says something else. */
  readonly origin?: string
}

/** Kept by name servers; a resolver answers no question with them. */
const PASSED_OVER: ReadonlySet<string> = new Set([
  'SOA',
  'NS',
  'DS',
  'DNSKEY',
  'RRSIG',
  'NSEC',
  'NSEC3',
  'CAA',
  'SRV',
])
const TTL = /^(?:\d+[smhdw]?)+$/i

type Readers = {
  readonly [T in RecordType]: (data: readonly string[], origin: string) => RecordsByType[T] | undefined
}

const READERS: Readers = {
  A: ([address = '', ...rest]) => (rest.length === 0 && parseIpv4(address) ? address : undefined),
  AAAA: ([address = '', ...rest]) => {
    const groups = rest.length === 0 ? parseIpv6(address) : undefined
    return groups && formatIpv6(groups)
  },
  CNAME: (data, origin) => target(data, origin),
  PTR: (data, origin) => target(data, origin),
  MX: ([preference = '', ...rest], origin) => {
    const exchange = target(rest, origin)
    return exchange === undefined || !isNumber(preference, 0xffff)
      ? undefined
      : { preference: Number(preference), exchange }
  },
  // RFC 6698 §2.2
  TLSA: ([usage = '', selector = '', matchingType = '', ...hex]) => {
    const digits = hex.join('')
    if (![usage, selector, matchingType].every((text) => isNumber(text, 0xff))) return undefined
    if (!/^(?:[0-9a-f]{2})+$/i.test(digits)) return undefined
    const data = Uint8Array.from(Buffer.from(digits, 'hex'))
    return { usage: Number(usage), selector: Number(selector), matchingType: Number(matchingType), data }
  },
  TXT: (strings) => (strings.length > 0 ? strings.join('') : undefined),
}

/** Reads the part of the master file format that mail needs. Throws ZoneFileError at the first line that is none of it. */
// RFC 1035 §5.1, RFC 2308 §4
export function parseZoneFile(
  text: string,
  { file = 'zone', origin: given }: ZoneFileOptions = {},
): ZoneFile {
  const records: ZoneRecord[] = []
  let origin = given ?? ''
  let apex = given
  let owner: string | undefined
  for (const entry of entriesOf(text, file)) {
    const [first = '', second = ''] = entry.words
    if (first === '$ORIGIN') {
      origin = nameAt(entry, second, origin)
      apex ??= origin
    } else if (first === '$TTL') {
      if (!TTL.test(second)) throw new ZoneFileError(entry, `'${second}' is no TTL`)
    } else if (first.startsWith('$')) {
      throw new ZoneFileError(entry, `${first} is not understood`)
    } else {
      if (!entry.continuesOwner) owner = nameAt(entry, first, origin)
      if (owner === undefined) throw new ZoneFileError(entry, 'the first record has no name')
      const record = recordAt(entry, owner, origin)
      if (record) records.push(record)
    }
  }
  return { records, origin: apex ?? '' }
}

function recordAt(entry: Entry, name: string, origin: string): ZoneRecord | undefined {
  const words = entry.continuesOwner ? entry.words : entry.words.slice(1)
  const start = words.findIndex((word) => !TTL.test(word) && word.toUpperCase() !== 'IN')
  const type = words[start]?.toUpperCase() ?? ''
  if (PASSED_OVER.has(type)) return undefined
  if (!isRecordType(type))
    throw new ZoneFileError(entry, `'${words[start] ?? ''}' is no type of record that is known here`)
  const data = words.slice(start + 1)
  const value = READERS[type](data, origin)
  if (value === undefined) throw new ZoneFileError(entry, `'${data.join(' ')}' is no data of ${type}`)
  return { name, type, value } as ZoneRecord
}

const isRecordType = (text: string): text is RecordType => Object.hasOwn(READERS, text)

const isNumber = (text: string, most: number): boolean => /^\d{1,5}$/.test(text) && Number(text) <= most

function nameAt(entry: Entry, text: string, origin: string): string {
  const name = completed(text, origin)
  if (name === undefined) throw new ZoneFileError(entry, `'${text}' is no name`)
  return name
}

function target([text, ...rest]: readonly string[], origin: string): string | undefined {
  return text === undefined || rest.length > 0 ? undefined : completed(text, origin)
}

/** The name with the origin behind it where it has no dot at its end; '' is the root. */
function completed(text: string, origin: string): string | undefined {
  if (text === '@') return origin
  if (text === '.') return ''
  const name = text.endsWith('.') ? text.slice(0, -1) : origin === '' ? text : `${text}.${origin}`
  try {
    return normalName(name)
  } catch {
    return undefined
  }
}
