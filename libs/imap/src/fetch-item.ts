/** Which part of a message's octets (RFC 3501 §6.4.5 section-spec). */
export interface Section {
  /** Numbers of the part, outermost first; empty for the message itself. */
  readonly path: readonly number[]
  readonly text:
    | 'all'
    | 'HEADER'
    | 'TEXT'
    | 'MIME'
    | { readonly fields: readonly string[]; readonly not: boolean }
}

/** `<start.count>`. */
export interface Partial {
  readonly start: number
  readonly count: number
}

/** One thing FETCH may ask for. Macros (ALL, FAST, FULL) are already spelled out. */
export type FetchItem =
  | { readonly item: 'UID' | 'FLAGS' | 'INTERNALDATE' | 'RFC822.SIZE' | 'ENVELOPE' | 'MODSEQ' }
  /** BODY without extension data, or BODYSTRUCTURE with. */
  | { readonly item: 'BODY' | 'BODYSTRUCTURE' }
  | {
      readonly item: 'SECTION'
      readonly section: Section
      /** Does not set \Seen. */
      readonly peek: boolean
      readonly partial?: Partial
      /** How the response names it: `BODY[1.MIME]<0>`, `RFC822.HEADER`. */
      readonly label: string
    }
  /** RFC 9051 §6.4.5: octets with the transfer encoding removed, or how many they are. */
  | {
      readonly item: 'BINARY' | 'BINARY.SIZE'
      readonly path: readonly number[]
      readonly peek: boolean
      readonly partial?: Partial
      readonly label: string
    }

export type SectionItem = Extract<FetchItem, { item: 'SECTION' }>
export type BinaryItem = Extract<FetchItem, { item: 'BINARY' | 'BINARY.SIZE' }>

/** Does fetching this mark the message as read? */
export function setsSeen(item: FetchItem): boolean {
  return (item.item === 'SECTION' || item.item === 'BINARY') && !item.peek
}

/** As a section is written between brackets. */
export function formatSection(section: Section): string {
  const path = section.path.join('.')
  const text = sectionText(section)
  return path !== '' && text !== '' ? `${path}.${text}` : path + text
}

function sectionText({ text }: Section): string {
  if (text === 'all') return ''
  if (typeof text === 'string') return text
  return `HEADER.FIELDS${text.not ? '.NOT' : ''} (${text.fields.map(fieldName).join(' ')})`
}

/** A field name is an astring: quoted when it is not an atom. */
function fieldName(name: string): string {
  return /^[!#$&'+,\-./0-9:;<=>?@A-Z[\]^_`a-z|}~]+$/.test(name)
    ? name
    : `"${name.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
}
