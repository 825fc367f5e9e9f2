import type { OctetString } from '../octet-string.ts'

type Parameter = readonly [name: string, value: OctetString]

interface Segment {
  readonly value: OctetString
  readonly extended: boolean
}

// RFC 2231 §7: initial-section and other-sections; no leading zeros, so that no number is meant twice.
const SECTION = /^([^*]+)\*(0|[1-9][0-9]{0,3})(\*?)$/

/** Joins `name*0`, `name*1*`, … to `name` or `name*`, at the place of the first of them (RFC 2231 §3, §4.1). */
export function joinContinuations(parameters: readonly Parameter[]): readonly Parameter[] {
  const sections = new Map<string, Map<number, Segment>>()
  const joined: (Parameter | string)[] = []
  for (const parameter of parameters) {
    const match = SECTION.exec(parameter[0])
    if (match === null) {
      joined.push(parameter)
      continue
    }
    const name = match[1]!
    if (!sections.has(name)) joined.push(name)
    const segments = sections.get(name) ?? new Map<number, Segment>()
    sections.set(name, segments)
    const number = Number(match[2])
    if (!segments.has(number)) segments.set(number, { value: parameter[1], extended: match[3] !== '' })
  }
  return joined.flatMap((entry) => (typeof entry === 'string' ? whole(entry, sections.get(entry)!) : [entry]))
}

/** Nothing when the first section is missing; a gap ends the value (RFC 2231 §3). */
function whole(name: string, segments: ReadonlyMap<number, Segment>): readonly Parameter[] {
  const run: Segment[] = []
  for (let segment = segments.get(0); segment !== undefined; segment = segments.get(run.length))
    run.push(segment)
  const first = run[0]
  if (first === undefined) return []
  if (!run.some((segment) => segment.extended)) return [[name, run.map((segment) => segment.value).join('')]]
  const prefix = first.extended ? '' : "''"
  return [[`${name}*`, prefix + run.map(extendedForm).join('')]]
}

function extendedForm(segment: Segment): OctetString {
  return segment.extended ? segment.value : percentEncoded(segment.value)
}

function percentEncoded(text: OctetString): OctetString {
  // RFC 2231 §7 attribute-char
  return text.replace(/[^A-Za-z0-9!#$&+.^_`{|}~-]/g, percent)
}

function percent(octet: OctetString): string {
  return `%${octet.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`
}
