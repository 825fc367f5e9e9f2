import { systemClock, type Clock } from '@cartero/wire'
import { normalName } from '../name.ts'
import { DnsError, type DnsAnswer, type RecordType, type Resolver } from '../ports.ts'
import { AnswerCache } from './answer-cache.ts'
import { Asker, type Question } from './asker.ts'
import { DEFAULT_LIMITS, type StubLimits } from './limits.ts'
import { readMessage, type Reading, type Trail } from './reading.ts'
import { parseServer, serversToAsk, systemServers } from './servers.ts'
import { SharedFlights } from './shared-flights.ts'
import { Slots } from './slots.ts'

export interface StubOptions {
  /** Recursive name servers in the order in which they are asked, as `parseServer` reads them; those of the system if absent. */
  readonly servers?: readonly string[]
  /**
   * Whether the servers' word on validation counts though they are on other machines: only where nobody can change what
   * passes between them and us.
   */
  // RFC 4035 §4.9.3
  readonly trustAd?: boolean
  readonly limits?: Partial<StubLimits>
  readonly clock?: Clock
}

/** An answer, or that there was none; and how many milliseconds it may be kept. */
interface Outcome {
  readonly result: DnsAnswer<RecordType> | DnsError
  readonly milliseconds: number
  readonly octets: number
}

/** What an entry weighs besides its packet. */
const ENTRY_OCTETS = 200

/** Asks recursive name servers, and keeps what they say. */
export class StubResolver implements Resolver {
  readonly #asker: Asker
  readonly #cache: AnswerCache<Outcome['result']>
  readonly #flights = new SharedFlights<Outcome['result']>()
  readonly #slots: Slots
  readonly #limits: StubLimits
  readonly #clock: Clock
  readonly #isBelieved: boolean
  #isClosed = false

  /** Throws RangeError for a server that is none. */
  constructor({ servers = systemServers(), trustAd = false, limits, clock = systemClock }: StubOptions = {}) {
    if (servers.length === 0) throw new RangeError('no name server is named')
    const asked = serversToAsk(servers.map(parseServer), trustAd)
    this.#isBelieved = asked.areBelieved
    this.#limits = { ...DEFAULT_LIMITS, ...limits }
    this.#clock = clock
    this.#asker = new Asker({ servers: asked.servers, clock, limits: this.#limits })
    this.#cache = new AnswerCache(clock, this.#limits)
    this.#slots = new Slots(this.#limits.open)
  }

  async ask<T extends RecordType>(name: string, type: T, signal?: AbortSignal): Promise<DnsAnswer<T>> {
    signal?.throwIfAborted()
    if (this.#isClosed) throw closed()
    const question = { name: normalName(name), type }
    const key = `${question.name} ${type}`
    const result =
      this.#cache.get(key) ?? (await this.#flights.join(key, (own) => this.#look(key, question, own), signal))
    if (result instanceof DnsError) throw result
    return result as DnsAnswer<T>
  }

  /** Frees the sockets. Whoever waits, and whoever asks from now on, is told by a DnsError. */
  close(): void {
    this.#isClosed = true
    this.#flights.abort(closed())
    this.#cache.clear()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  async #look(key: string, question: Question, signal: AbortSignal): Promise<Outcome['result']> {
    const late = new AbortController()
    const { totalMs } = this.#limits
    const reason = new DnsError(
      'timeout',
      `${question.type} of ${question.name}: no answer within ${totalMs} ms`,
    )
    const cancel = this.#clock.after(totalMs, () => late.abort(reason))
    try {
      const { result, ...weight } = await this.#outcome(question, AbortSignal.any([signal, late.signal]))
      if (!signal.aborted) this.#cache.keep(key, result, weight)
      return result
    } finally {
      cancel()
    }
  }

  async #outcome(question: Question, signal: AbortSignal): Promise<Outcome> {
    try {
      return await this.#slots.hold(() => this.#follow(question, signal), signal)
    } catch (error) {
      if (!(error instanceof DnsError)) throw error
      return { result: error, milliseconds: this.#limits.keepFailureMs, octets: ENTRY_OCTETS }
    }
  }

  /** Asks for the name, and then for what it is an alias of, until there are records or none. */
  // RFC 1034 §5.3.3
  async #follow({ name, type }: Question, signal: AbortSignal): Promise<Outcome> {
    const trail: Trail = { names: new Set([name]), aliases: this.#limits.aliases }
    const sum = { isValidated: this.#isBelieved, ttl: Number.POSITIVE_INFINITY, octets: ENTRY_OCTETS }
    for (let asked = name; ;) {
      const message = await this.#asker.ask({ name: asked, type }, signal)
      const reading = readMessage(message, { name: asked, type }, trail)
      sum.isValidated &&= message.isAuthentic
      sum.ttl = Math.min(sum.ttl, reading.ttl)
      sum.octets += message.octets
      if (reading.kind !== 'alias') return this.#answered({ ...reading, kind: reading.kind, ...sum })
      asked = normalName(reading.name)
    }
  }

  #answered({ kind, name, records, isValidated, ttl, octets }: Answered): Outcome {
    const longest = kind === 'found' ? this.#limits.keepMs : this.#limits.keepNothingMs
    return {
      result: { kind, name, records, isValidated },
      milliseconds: Math.min(ttl * 1_000, longest),
      octets,
    }
  }
}

interface Answered extends Reading<RecordType> {
  readonly kind: DnsAnswer<RecordType>['kind']
  readonly isValidated: boolean
  readonly octets: number
}

const closed = (): DnsError => new DnsError('unreachable', 'the resolver is closed')
