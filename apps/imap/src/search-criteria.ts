import type { NumberSet, SearchKey } from '@cartero/imap'
import type { TrackedRow } from '@cartero/imap/server'
import { decodeEncodedWords, textOf, type Address, type HeaderBlock } from '@cartero/message'
import { parseDateTime } from '@cartero/syntax'
import type { ReadMessage } from './message-reader.ts'

/** What has to be known of a message before a condition can be told, cheapest first. */
const LEVELS = ['row', 'stored', 'header', 'text'] as const
export type Level = (typeof LEVELS)[number]

/** A message as far as it is known. */
export interface Subject {
  readonly sequence: number
  readonly row: TrackedRow
  readonly message?: ReadMessage
  readonly header?: HeaderBlock
  /** Which of the needles were found. */
  readonly texts?: readonly boolean[]
}

/** A text looked for in the body, or in header and body (RFC 3501 §6.4.4 BODY, TEXT); folded. */
export interface Needle {
  readonly text: string
  readonly inHeader: boolean
}

interface Condition {
  readonly level: Level
  readonly test: (subject: Subject) => boolean
}

/** Without case, as far as Unicode's simple mapping goes (RFC 3501 §6.4.4: case-insensitive). */
export function folded(text: string): string {
  return text.toLowerCase()
}

/** Search keys made into conditions, each of which knows what it needs. */
export class Criteria {
  readonly needles: Needle[] = []
  asksModseq = false
  readonly #conditions: Readonly<Record<Level, readonly Condition[]>>
  readonly #resolve: (set: NumberSet | '$', uid: boolean) => NumberSet

  /** @param resolve the sequence numbers that a set means */
  constructor(key: SearchKey, resolve: (set: NumberSet | '$', uid: boolean) => NumberSet) {
    this.#resolve = resolve
    const keys = key.key === 'AND' ? key.keys : [key]
    const conditions = keys.map((one) => this.#condition(one))
    const ofLevel = (level: Level): readonly Condition[] =>
      conditions.filter((condition) => condition.level === level)
    this.#conditions = {
      row: ofLevel('row'),
      stored: ofLevel('stored'),
      header: ofLevel('header'),
      text: ofLevel('text'),
    }
  }

  get needsMore(): boolean {
    return LEVELS.some((level) => level !== 'row' && this.#conditions[level].length > 0)
  }

  get needsOctets(): boolean {
    return this.#conditions.header.length > 0 || this.#conditions.text.length > 0
  }

  /** Conditions on texts may hold others on the header. */
  get needsHeader(): boolean {
    return this.needsOctets && this.#asksHeader
  }

  /** Do all conditions of this level hold? */
  holds(level: Level, subject: Subject): boolean {
    for (const { test } of this.#conditions[level]) if (!test(subject)) return false
    return true
  }

  #asksHeader = false
  #fields: { readonly header: HeaderBlock; readonly values: Map<string, readonly string[]> } | undefined
  #folded: { readonly row: TrackedRow; readonly flags: ReadonlySet<string> } | undefined

  #condition(key: SearchKey): Condition {
    switch (key.key) {
      case 'ALL':
        return of('row', () => true)
      case 'AND':
        return this.#all(key.keys.map((one) => this.#condition(one)))
      case 'OR':
        return either(this.#condition(key.either), this.#condition(key.or))
      case 'NOT':
        return not(this.#condition(key.not))
      case 'HEADER':
        return this.#header(key.field, key.text)
      case 'BODY':
        return this.#needle(key.text, false)
      case 'TEXT':
        return this.#needle(key.text, true)
      default:
        return this.#ofRow(key) ?? ofStored(key)
    }
  }

  #all(conditions: readonly Condition[]): Condition {
    return of(highest(conditions), (subject) => conditions.every(({ test }) => test(subject)))
  }

  #ofRow(key: SearchKey): Condition | undefined {
    switch (key.key) {
      case 'FLAG':
        return this.#flag(key.flag)
      case 'SEQUENCE':
      case 'UID': {
        const wanted = this.#resolve(key.set, key.key === 'UID')
        return of('row', ({ sequence }) => wanted.has(sequence))
      }
      case 'MODSEQ':
        this.asksModseq = true
        return of('row', ({ row }) => row.modseq >= key.modseq)
      default:
        return undefined
    }
  }

  /** Keywords compare without case (RFC 9051 §2.3.2). */
  #flag(flag: string): Condition {
    const wanted = flag.toLowerCase()
    return of('row', ({ row }) => {
      if (row.flags.length > FEW_FLAGS) return this.#foldedFlags(row).has(wanted)
      return row.flags.some((own) => own === flag || own.toLowerCase() === wanted)
    })
  }

  /** All keys look at one row before the next. */
  #foldedFlags(row: TrackedRow): ReadonlySet<string> {
    if (this.#folded?.row !== row) {
      this.#folded = { row, flags: new Set(row.flags.map((flag) => flag.toLowerCase())) }
    }
    return this.#folded.flags
  }

  /** What ENVELOPE holds is told from the index; an empty text asks for the field itself, which only the header shows. */
  #header(field: string, text: string): Condition {
    const wanted = folded(text)
    const indexed = wanted === '' ? undefined : INDEXED[field]
    if (indexed !== undefined) {
      return of('stored', ({ message }) => folded(indexed(message!)).includes(wanted))
    }
    this.#asksHeader = true
    return of('header', ({ header }) =>
      this.#foldedFields(header!, field).some((value) => value.includes(wanted)),
    )
  }

  /** All keys look at one header before the next. */
  #foldedFields(header: HeaderBlock, field: string): readonly string[] {
    if (this.#fields?.header !== header) this.#fields = { header, values: new Map() }
    const { values } = this.#fields
    const known = values.get(field)
    if (known !== undefined) return known
    const fresh = header.findAll(field).map(({ value }) => folded(decodeEncodedWords(value)))
    values.set(field, fresh)
    return fresh
  }

  #needle(text: string, inHeader: boolean): Condition {
    const number = this.needles.push({ text: folded(text), inHeader }) - 1
    return of('text', ({ texts }) => texts![number]!)
  }
}

function of(level: Level, test: (subject: Subject) => boolean): Condition {
  return { level, test }
}

function highest(conditions: readonly Condition[]): Level {
  const levels = conditions.map(({ level }) => LEVELS.indexOf(level))
  return LEVELS[Math.max(0, ...levels)]!
}

function either(one: Condition, other: Condition): Condition {
  return of(highest([one, other]), (subject) => one.test(subject) || other.test(subject))
}

function not(condition: Condition): Condition {
  return of(condition.level, (subject) => !condition.test(subject))
}

/** Beyond it a set is worth its making: a search may have hundreds of keys, and a message a hundred keywords. */
const FEW_FLAGS = 8

function ofStored(key: SearchKey): Condition {
  switch (key.key) {
    case 'LARGER':
      return of('stored', ({ message }) => message!.size > key.octets)
    case 'SMALLER':
      return of('stored', ({ message }) => message!.size < key.octets)
    case 'INTERNALDATE':
      return of('stored', ({ message }) => within(message!.internalDate, key))
    case 'SENTDATE':
      return of('stored', ({ message }) => {
        const sent = sentDate(message!)
        return sent !== undefined && within(sent, key)
      })
    default:
      throw new TypeError(`no condition for ${key.key}`)
  }
}

function within(
  at: number,
  { since, before }: { readonly since?: number; readonly before?: number },
): boolean {
  return (since === undefined || at >= since) && (before === undefined || at < before)
}

/** The sender's own clock, as if it were UTC: time and zone are disregarded (RFC 3501 §6.4.4 SENTON). */
function sentDate({ index }: ReadMessage): number | undefined {
  const date = index.envelope.date === undefined ? undefined : parseDateTime(index.envelope.date)
  return date && date.epochMs + date.offsetMinutes * 60_000
}

const INDEXED: Readonly<Record<string, (message: ReadMessage) => string>> = {
  SUBJECT: ({ index }) => decodeEncodedWords(index.envelope.subject ?? ''),
  FROM: ({ index }) => addressesText(index.envelope.from),
  TO: ({ index }) => addressesText(index.envelope.to),
  CC: ({ index }) => addressesText(index.envelope.cc),
  BCC: ({ index }) => addressesText(index.envelope.bcc),
  'MESSAGE-ID': ({ index }) => textOf(index.envelope.messageId ?? ''),
  'IN-REPLY-TO': ({ index }) => textOf(index.envelope.inReplyTo ?? ''),
}

function addressesText(addresses: readonly Address[] | undefined): string {
  return addresses === undefined ? '' : addresses.map(addressText).join(', ')
}

function addressText({ name, mailbox, host }: Address): string {
  const spec = host === undefined ? textOf(mailbox ?? '') : `<${textOf(mailbox ?? '')}@${textOf(host)}>`
  return name === undefined ? spec : `${decodeEncodedWords(name)} ${spec}`
}
