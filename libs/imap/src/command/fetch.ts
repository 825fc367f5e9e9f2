import { octetClass } from '@cartero/wire'
import type { Decoder } from '../decoder.ts'
import { formatSection, type FetchItem, type Partial, type Section } from '../fetch-item.ts'
import { LimitError } from '../limits.ts'
import type { MessageNumbers } from '../number-set.ts'

/** RFC 3501 §6.4.5; `changedSince` of RFC 7162 §3.1.4. */
export interface FetchCommand {
  readonly numbers: MessageNumbers
  readonly items: readonly FetchItem[]
  readonly changedSince?: number
}

const LPAREN = 0x28
const LBRACKET = 0x5b
const RBRACKET = 0x5d
const DOT = 0x2e

/** Letters, digits and dots: the names of items, without their brackets. */
const ITEM_NAME = octetClass('.', ['a', 'z'], ['A', 'Z'], ['0', '9'])

type PlainItem = Exclude<FetchItem['item'], 'SECTION' | 'BINARY' | 'BINARY.SIZE'>

const PLAIN: ReadonlySet<string> = new Set<PlainItem>([
  'UID',
  'FLAGS',
  'INTERNALDATE',
  'RFC822.SIZE',
  'ENVELOPE',
  'MODSEQ',
  'BODY',
  'BODYSTRUCTURE',
])

// RFC 3501 §6.4.5
const MACROS: ReadonlyMap<string, readonly PlainItem[]> = new Map<string, readonly PlainItem[]>([
  ['FAST', ['FLAGS', 'INTERNALDATE', 'RFC822.SIZE']],
  ['ALL', ['FLAGS', 'INTERNALDATE', 'RFC822.SIZE', 'ENVELOPE']],
  ['FULL', ['FLAGS', 'INTERNALDATE', 'RFC822.SIZE', 'ENVELOPE', 'BODY']],
])

export function readFetch(decoder: Decoder, uid: boolean): FetchCommand {
  decoder.expectSp()
  const set = decoder.expectSequenceSet()
  decoder.expectSp()
  const items = readItems(decoder)
  const changedSince = decoder.sp() ? readModifier(decoder) : undefined
  const command: FetchCommand = { numbers: { set, uid }, items }
  return changedSince === undefined ? command : { ...command, changedSince }
}

function readItems(decoder: Decoder): readonly FetchItem[] {
  if (decoder.peek() !== LPAREN) return readMacro(decoder) ?? [readItem(decoder)]
  const items = decoder.expectList(() => readItem(decoder))
  if (items.length > decoder.limits.fetchItems) throw new LimitError('fetchItems', 'too many fetch items')
  return items.length > 0 ? items : decoder.fault('a fetch item')
}

function readMacro(decoder: Decoder): readonly FetchItem[] | undefined {
  const start = decoder.offset
  const macro = MACROS.get(decoder.run(ITEM_NAME)?.toUpperCase() ?? '')
  if (macro === undefined) decoder.offset = start
  return macro?.map((item) => ({ item }))
}

function readItem(decoder: Decoder): FetchItem {
  const start = decoder.offset
  const name = decoder.expectRun(ITEM_NAME, 'a fetch item').toUpperCase()
  if (decoder.peek() === LBRACKET) return readBracketed(decoder, name)
  const old = rfc822Item(name)
  if (old !== undefined) return old
  if (PLAIN.has(name)) return { item: name as PlainItem }
  decoder.offset = start
  return decoder.fault('a fetch item')
}

function readBracketed(decoder: Decoder, name: string): FetchItem {
  switch (name) {
    case 'BODY':
      return readSectionItem(decoder, false)
    case 'BODY.PEEK':
      return readSectionItem(decoder, true)
    case 'BINARY':
      return readBinary(decoder, false)
    case 'BINARY.PEEK':
      return readBinary(decoder, true)
    case 'BINARY.SIZE':
      return readBinarySize(decoder)
    default:
      return decoder.fault('BODY or BINARY before a section')
  }
}

/** RFC822, RFC822.HEADER and RFC822.TEXT are sections by older names (RFC 3501 §6.4.5). */
function rfc822Item(label: string): FetchItem | undefined {
  const section = (text: Section['text'], peek: boolean): FetchItem => ({
    item: 'SECTION',
    section: { path: [], text },
    peek,
    label,
  })
  if (label === 'RFC822') return section('all', false)
  if (label === 'RFC822.HEADER') return section('HEADER', true)
  return label === 'RFC822.TEXT' ? section('TEXT', false) : undefined
}

function readSectionItem(decoder: Decoder, peek: boolean): FetchItem {
  decoder.expectOctet(LBRACKET)
  const section = readSection(decoder)
  decoder.expectOctet(RBRACKET)
  const partial = readPartial(decoder)
  const label = `BODY[${formatSection(section)}]${origin(partial)}`
  return { item: 'SECTION', section, peek, label, ...(partial && { partial }) }
}

// section-spec = section-msgtext / (section-part ["." section-text])
function readSection(decoder: Decoder): Section {
  const path = readPath(decoder)
  const named = path.length === 0 || decoder.octet(DOT)
  if (decoder.peek() === RBRACKET && path.length === 0) return { path, text: 'all' }
  return { path, text: named ? readSectionText(decoder, path.length > 0) : 'all' }
}

function readPath(decoder: Decoder): readonly number[] {
  const path: number[] = []
  for (;;) {
    const start = decoder.offset
    if (path.length > 0 && !decoder.octet(DOT)) return path
    const number = decoder.number()
    if (number === undefined) {
      decoder.offset = start
      return path
    }
    if (number === 0) decoder.fault('a part number above 0')
    if (path.push(number) > decoder.limits.nesting) decoder.fault('fewer parts within parts')
  }
}

function readSectionText(decoder: Decoder, inPart: boolean): Section['text'] {
  const name = decoder.run(ITEM_NAME)?.toUpperCase()
  if (name === 'HEADER' || name === 'TEXT') return name
  if (name === 'MIME' && inPart) return name
  if (name !== 'HEADER.FIELDS' && name !== 'HEADER.FIELDS.NOT') return decoder.fault('a section')
  decoder.expectSp()
  const fields = decoder.expectList(() => decoder.expectAstring().toString('latin1').toUpperCase())
  return fields.length > 0 ? { fields, not: name === 'HEADER.FIELDS.NOT' } : decoder.fault('a field name')
}

function readBinary(decoder: Decoder, peek: boolean): FetchItem {
  const path = readBinaryPath(decoder)
  const partial = readPartial(decoder)
  const label = `BINARY[${path.join('.')}]${origin(partial)}`
  return { item: 'BINARY', path, peek, label, ...(partial && { partial }) }
}

function readBinarySize(decoder: Decoder): FetchItem {
  const path = readBinaryPath(decoder)
  return { item: 'BINARY.SIZE', path, peek: true, label: `BINARY.SIZE[${path.join('.')}]` }
}

function readBinaryPath(decoder: Decoder): readonly number[] {
  decoder.expectOctet(LBRACKET)
  const path = readPath(decoder)
  decoder.expectOctet(RBRACKET)
  return path
}

// partial = "<" number64 "." nz-number64 ">"
function readPartial(decoder: Decoder): Partial | undefined {
  if (!decoder.literal('<')) return undefined
  const start = decoder.expectNumber64()
  decoder.expectOctet(DOT)
  const count = decoder.expectNumber64()
  if (count === 0) decoder.fault('a count above 0')
  decoder.expectLiteral('>')
  return { start, count }
}

function origin(partial: Partial | undefined): string {
  return partial === undefined ? '' : `<${partial.start}>`
}

function readModifier(decoder: Decoder): number {
  decoder.expectOctet(LPAREN)
  decoder.expectLiteral('changedsince')
  decoder.expectSp()
  const modseq = decoder.expectNumber64()
  decoder.expectListEnd()
  return modseq
}
