import type { HostPolicy, HostsFound, MailHost, TlsPolicy } from '@cartero/routing'
import type { Trouble } from '@cartero/spool/notices'
import { enhancedStatus, type EnhancedStatus } from '@cartero/syntax'
import { Cargo, type AttemptFacts, type Leftover, type Load } from '@cartero/spool/dispatch'
import type { LaneFeed, RunEnding } from '../ports.ts'
import type { HostConnections } from './host-connections.ts'
import type { HostMemory } from './host-memory.ts'
import type { CourierOptions } from './options.ts'
import { securityFor, type UsePolicy } from './security.ts'
import { avoidedFailure, tlsResult } from './tls-report.ts'
import { mostTelling } from './trouble.ts'
import { visit, type Call, type Visit } from './visit.ts'

/** How long a courier waits for a host that has as many connections as it may have, in milliseconds: then others may go first. */
export const ROOM_LIMIT_MS = 10_000

/** Connections that one run makes in vain. Those hosts rest then, so that the next run begins with the others. */
// RFC 5321 §5.1: at least two addresses
export const VISITS_LIMIT = 6

/** What all couriers of a process share. */
export interface Common {
  readonly options: CourierOptions
  readonly memory: HostMemory
  readonly connections: HostConnections
}

/** A host and what it has to satisfy. */
interface Candidate {
  readonly host: MailHost
  readonly policy: TlsPolicy
  readonly use: UsePolicy
}

const PLAIN: UsePolicy = { kind: 'use', demand: { kind: 'none' } }
const IDLE: RunEnding = { kind: 'idle' }

/** One run of a courier: from host to host, until one has taken what there is, or none is left. */
// RFC 5321 §5.1
export class Round {
  readonly #common: Common
  readonly #feed: LaneFeed
  readonly #cargo: Cargo
  readonly #signal: AbortSignal
  readonly #troubles: Trouble[] = []
  #facts: AttemptFacts = {}
  /** What hosts have had and not decided. */
  readonly #undecided = new Map<Load, Leftover>()
  /** Addresses that had their turn. */
  readonly #called = new Set<string>()
  #visits = 0

  constructor(common: Common, feed: LaneFeed, signal: AbortSignal) {
    this.#common = common
    this.#feed = feed
    this.#cargo = new Cargo(feed, common.options.content)
    this.#signal = signal
  }

  async run(): Promise<RunEnding> {
    try {
      return await this.#tryAll(await this.#candidates())
    } catch (error) {
      if (this.#signal.aborted) return IDLE
      throw error
    } finally {
      await this.#cargo.close()
    }
  }

  async #candidates(): Promise<readonly Candidate[]> {
    const { hosts: finder, policies } = this.#common.options
    const { way, wish } = this.#feed.lane
    const found = await finder.find(way, this.#signal)
    if (found.kind === 'none') {
      this.#troubles.push(noHosts(found))
      return []
    }
    const policy = await policies.of(way, found.hosts, wish, this.#signal)
    return found.hosts.flatMap((host, i) => this.#candidate(host, policy, i))
  }

  #candidate(host: MailHost, policy: TlsPolicy, i: number): readonly Candidate[] {
    const use = policy.hosts[i]!
    if (use.kind === 'use') return [{ host, policy, use }]
    const result = tlsResult({ way: this.#feed.lane.way, policy, host }, avoidedFailure(use))
    if (result !== undefined) this.#common.options.tlsResults?.tell(result)
    this.#troubles.push(avoided(use, host.name))
    return []
  }

  /** Hosts that are full are waited for, after all others. */
  async #tryAll(candidates: readonly Candidate[]): Promise<RunEnding> {
    const { clock } = this.#common.options
    const end = clock.elapsed() + ROOM_LIMIT_MS
    for (let left = candidates; ;) {
      const full: Candidate[] = []
      for (const candidate of left) {
        if (this.#signal.aborted) return IDLE
        if (this.#common.connections.isFull(candidate.host)) full.push(candidate)
        else {
          const ending = await this.#try(candidate)
          if (ending !== undefined) return ending
        }
      }
      if (full.length === 0) return this.#conclude()
      if (clock.elapsed() >= end) return this.#undecided.size > 0 ? this.#conclude() : IDLE
      await this.#common.connections.left(end - clock.elapsed(), this.#signal)
      left = full
    }
  }

  /** One address of it after the other. Undefined: the next host. */
  // RFC 5321 §5.1
  async #try(candidate: Candidate): Promise<RunEnding | undefined> {
    const { host } = candidate
    let addresses = this.#callable(host)
    if (addresses.length === 0) this.#troubles.push(leftAlone(host, this.#restingOf(host)))
    while (addresses.length > 0 && this.#visits < VISITS_LIMIT) {
      const seen = await this.#visit(candidate, addresses)
      const ending = this.#judge(seen)
      if (ending !== undefined) return ending
      // What is offered and does not work is no reason not to send: it is called again without it, and each is learnt once.
      if (seen.broken !== undefined) continue
      if (seen.fault === 'none' || this.#remember(host, seen) === 'host') return undefined
      addresses = this.#callable(host)
    }
    return undefined
  }

  async #visit(candidate: Candidate, addresses: readonly string[]): Promise<Visit> {
    const { options, connections } = this.#common
    this.#visits++
    const place = connections.enter(candidate.host)
    try {
      const seen = await visit({
        ...this.#manner(candidate),
        options,
        feed: this.#feed,
        cargo: this.#cargo,
        addresses,
        signal: this.#signal,
        ready: () => place.works(),
      })
      this.#take(seen, candidate.host)
      return seen
    } finally {
      place.leave()
    }
  }

  /** How it is to be spoken to. */
  #manner({
    host,
    policy,
    use,
  }: Candidate): Pick<Call, 'host' | 'policy' | 'use' | 'security' | 'chunking' | 'route'> {
    const { options, memory } = this.#common
    const { way } = this.#feed.lane
    const key = keyOf(host)
    const route = way.kind === 'route' ? options.routes.route(way.name) : undefined
    const authorities = route?.authorities?.join('\n') ?? options.authorities
    // RFC 7435 §3
    const isPlain = use.demand.kind === 'opportunistic' && memory.avoids(key, 'TLS')
    const security = securityFor(host, isPlain ? PLAIN : use, authorities)
    const chunking = memory.avoids(key, 'CHUNKING') ? 'never' : 'prefer'
    return { host, policy, use, security, chunking, route }
  }

  /** What a visit left, and what is to be remembered of how it went. */
  #take({ kind, leftovers, settled, broken, trouble, facts }: Visit, host: MailHost): void {
    const { memory, options } = this.#common
    this.#facts = facts
    for (const leftover of leftovers) this.#undecided.set(leftover.load, leftover)
    this.#cargo.putBack(leftovers.map(({ load }) => load))
    if (settled > 0 || kind === 'idle') {
      memory.succeeded(keyOf(host))
      memory.succeeded(`${facts.address}:${host.port}`)
    }
    if (broken === undefined) return
    memory.avoid(keyOf(host), broken)
    options.events?.without?.(keyOf(host), broken, trouble?.reason ?? '')
  }

  /** Undefined: it has not taken anything, and another may. */
  #judge({ kind, settled, trouble, broken }: Visit): RunEnding | undefined {
    if (this.#signal.aborted) return IDLE
    if (settled > 0) return { kind: 'served', isCut: trouble !== undefined }
    if (kind === 'idle' || trouble === undefined) return IDLE
    if (broken === undefined) this.#troubles.push(trouble)
    return undefined
  }

  #callable(host: MailHost): readonly string[] {
    const { memory } = this.#common
    const { isUrged } = this.#feed
    const fresh = host.addresses.filter((address) => !this.#called.has(`${address}:${host.port}`))
    if (isUrged === true) return fresh
    if (memory.resting(keyOf(host)) !== undefined) return []
    return fresh.filter((address) => memory.resting(`${address}:${host.port}`) === undefined)
  }

  #restingOf(host: MailHost): Trouble | undefined {
    const keys = [keyOf(host), ...host.addresses.map((address) => `${address}:${host.port}`)]
    return keys.map((key) => this.#common.memory.resting(key)).find((trouble) => trouble !== undefined)
  }

  /**
   * Who failed: one address, or, where none could be reached, all of the host. What a domain demands of its hosts is between them:
   * else anybody could name hosts of others as his own, with a policy that they cannot satisfy, and keep our mail from them.
   */
  #remember(host: MailHost, { facts: { address }, trouble, fault }: Visit): 'host' | 'address' {
    const { memory, options, connections } = this.#common
    const key = address === undefined ? keyOf(host) : `${address}:${host.port}`
    this.#called.add(key)
    // A host that serves others has enough of us, and is not away.
    const isKept = fault === 'host' && !connections.isServing(host)
    const rest = isKept ? memory.failed(key, trouble!) : 0
    if (rest > 0) options.events?.resting?.(key, rest, trouble!.reason)
    return address === undefined ? 'host' : 'address'
  }

  /** No host has taken it, for now: what one has begun with ends as that one ended it. */
  #conclude(): RunEnding {
    const undecided = this.#cargo.extract((load) => this.#undecided.get(load))
    for (const { load, results, facts } of undecided) this.#feed.done(load.delivery, results, facts)
    if (undecided.length > 0) return { kind: 'served', isCut: true }
    const trouble = mostTelling(this.#troubles) ?? NO_HOSTS
    return { kind: 'unreachable', trouble, facts: this.#facts }
  }
}

const keyOf = ({ name, port }: MailHost): string => `${name}:${port}`

const NO_HOSTS: Trouble = {
  kind: 'deferred',
  status: enhancedStatus(4, 'unableToRoute'),
  reason: 'no host is known for it',
}

function noHosts({ status, reason }: Extract<HostsFound, { kind: 'none' }>): Trouble {
  return { kind: isPermanent(status) ? 'failed' : 'deferred', status, reason }
}

function avoided({ status, reason }: Extract<HostPolicy, { kind: 'avoid' }>, host: string): Trouble {
  return {
    kind: isPermanent(status) ? 'failed' : 'deferred',
    status,
    reason: `${host} is not used: ${reason}`,
  }
}

const isPermanent = (status: EnhancedStatus): boolean => status.startsWith('5')

/** Whatever it failed with, that was then: it is tried again. */
function leftAlone({ name }: MailHost, last: Trouble | undefined): Trouble {
  const status = enhancedStatus(4, 'noAnswer')
  const why = last === undefined ? 'it has no address to call' : `not called again so soon; ${last.reason}`
  return { kind: 'deferred', status, reason: last === undefined ? `${name}: ${why}` : why }
}
