import { normalName } from '../name.ts'
import { DnsError, type DnsAnswer, type RecordsByType, type RecordType, type Resolver } from '../ports.ts'
import { parseZoneFile, type ZoneFileOptions, type ZoneRecord } from './zone-file.ts'

export interface Zone extends ZoneFileOptions {
  readonly text: string
  /** Whether answers from it are validated; as `ZoneResolverOptions` say if absent. */
  readonly validated?: boolean
}

export interface ZoneResolverOptions {
  /** Whether answers are validated, where their zone says nothing of it. False if absent. */
  readonly validated?: boolean
  /** Names for which there is no answer. */
  readonly faults?: Readonly<Record<string, DnsError['fault']>>
}

interface Extent {
  readonly origin: string
  readonly isValidated: boolean
}

/** CNAMEs between a name and its records. */
const MOST_ALIASES = 11

/** Answers from zone files alone, and has no other way to the DNS: for tests, and for networks that have none. */
export class ZoneResolver implements Resolver {
  readonly #records = new Map<string, ZoneRecord[]>()
  /** All names that there are, those that only have names below them included. */
  readonly #names = new Set<string>()
  readonly #extents: readonly Extent[]
  readonly #faults: Map<string, DnsError['fault']>
  readonly #validated: boolean

  /** Throws ZoneFileError, which names the line. */
  constructor(zones: string | readonly Zone[], { validated = false, faults = {} }: ZoneResolverOptions = {}) {
    this.#validated = validated
    this.#faults = new Map(Object.entries(faults).map(([name, fault]) => [normalName(name), fault]))
    const all = typeof zones === 'string' ? [{ text: zones }] : zones
    this.#extents = all.map((zone) => this.#add(zone)).toSorted((a, b) => b.origin.length - a.origin.length)
  }

  /** From now on, there is no answer for the name; there is one again when `fault` is absent. */
  fail(name: string, fault?: DnsError['fault']): void {
    if (fault === undefined) this.#faults.delete(normalName(name))
    else this.#faults.set(normalName(name), fault)
  }

  async ask<T extends RecordType>(name: string, type: T, signal?: AbortSignal): Promise<DnsAnswer<T>> {
    signal?.throwIfAborted()
    const trail = new Set<string>()
    let isValidated = true
    for (let current = normalName(name); ;) {
      if (trail.has(current) || trail.size > MOST_ALIASES)
        throw new DnsError('malformed', `CNAMEs that lead nowhere: ${[...trail, current].join(' → ')}`)
      trail.add(current)
      this.#failWhereAsked(current)
      isValidated &&= this.#isValidated(current)
      const here = this.#at(current)
      const found = valuesOf(here, type)
      const [alias] = valuesOf(here, 'CNAME')
      if (found.length > 0) return { kind: 'found', name: current, records: found, isValidated }
      if (alias === undefined)
        return { kind: here ? 'noData' : 'noName', name: current, records: [], isValidated }
      current = alias
    }
  }

  #add({ text, validated = this.#validated, ...options }: Zone): Extent {
    const { records, origin } = parseZoneFile(text, options)
    for (const record of records) {
      const here = this.#records.get(record.name)
      if (here) here.push(record)
      else this.#records.set(record.name, [record])
      for (let name = record.name; ; name = parentOf(name)) {
        this.#names.add(name)
        if (name === '') break
      }
    }
    return { origin, isValidated: validated }
  }

  #failWhereAsked(name: string): void {
    const fault = this.#faults.get(name)
    if (fault !== undefined) throw new DnsError(fault, `${name}: ${fault}, as it was asked for`)
  }

  #isValidated(name: string): boolean {
    return this.#extents.find(({ origin }) => isBelow(name, origin))?.isValidated ?? this.#validated
  }

  /** The records of a name, or of the wildcard that stands for it; undefined when there is no such name. */
  // RFC 1034 §4.3.3
  #at(name: string): readonly ZoneRecord[] | undefined {
    if (this.#names.has(name)) return this.#records.get(name) ?? []
    let encloser = parentOf(name)
    while (encloser !== '' && !this.#names.has(encloser)) encloser = parentOf(encloser)
    return this.#records.get(encloser === '' ? '*' : `*.${encloser}`)
  }
}

function valuesOf<T extends RecordType>(
  records: readonly ZoneRecord[] | undefined,
  type: T,
): readonly RecordsByType[T][] {
  return (records ?? [])
    .filter((record) => record.type === type)
    .map(({ value }) => value as RecordsByType[T])
}

function parentOf(name: string): string {
  const dot = name.indexOf('.')
  return dot === -1 ? '' : name.slice(dot + 1)
}

const isBelow = (name: string, origin: string): boolean =>
  origin === '' || name === origin || name.endsWith(`.${origin}`)
