import {
  type DnsAnswer,
  DnsError,
  type MxRecord,
  type RecordsByType,
  type RecordType,
  type Resolver,
} from '@cartero/dns'

interface Fact {
  readonly name: string
  readonly type: string
  readonly data: readonly string[]
  readonly isValidated: boolean
}

/** For tests: a DNS in which every answer can be validated or not, or fail, for itself; host-finder.corpus.txt says how it is written. */
export class SmallWorld implements Resolver {
  readonly #facts: readonly Fact[]
  /** Questions so far. */
  asked = 0

  constructor(lines: readonly string[]) {
    this.#facts = lines.map((line) => {
      const [name = '', type = '', ...data] = line.replace(/ insecure$/, '').split(' ')
      return { name: name.toLowerCase(), type, data, isValidated: !line.endsWith(' insecure') }
    })
  }

  ask<T extends RecordType>(name: string, type: T, signal?: AbortSignal): Promise<DnsAnswer<T>> {
    this.asked++
    const here = this.#facts.filter((fact) => fact.name === name.toLowerCase())
    if (here.some((fact) => fact.type === type && fact.data[0] === 'wait')) return aborted(signal!)
    return Promise.resolve().then(() => this.#answer(name.toLowerCase(), type, true))
  }

  #answer<T extends RecordType>(name: string, type: T, isValidated: boolean): DnsAnswer<T> {
    const here = this.#facts.filter((fact) => fact.name === name)
    const alias = here.find((fact) => fact.type === 'CNAME')
    if (alias !== undefined) return this.#answer(alias.data[0]!, type, isValidated && alias.isValidated)
    const facts = here.filter((fact) => fact.type === type)
    if (facts.some(({ data }) => data[0] === '!')) throw new DnsError('serverFailure', 'SERVFAIL')
    const validity = { name, isValidated: isValidated && facts.every((fact) => fact.isValidated) }
    if (facts.length === 0) return { kind: here.length > 0 ? 'noData' : 'noName', records: [], ...validity }
    const records = facts.map(({ data }) => recordOf(type, data) as RecordsByType[T])
    return { kind: 'found', records, ...validity }
  }
}

function recordOf(type: RecordType, [first = '', second = '']: readonly string[]): string | MxRecord {
  return type === 'MX' ? { preference: Number(first), exchange: second === '.' ? '' : second } : first
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error))
  })
}
