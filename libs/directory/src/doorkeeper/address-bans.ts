import { peerNetwork, type Clock } from '@cartero/wire'
import { isLoopback } from '@cartero/wire/node'
import { BoundedCache } from '../bounded-cache.ts'

export interface BanLimits {
  /** Wrong guesses from one peer. A person has a handful of passwords to mistake; a list has thousands. */
  readonly failures: number
  /** Milliseconds within which they must come. Slower than this, ten thousand common passwords take a week for each peer. */
  readonly within: number
  /** Milliseconds of a ban: long enough to make a list worthless, short enough that nobody has to call the operator. */
  readonly ban: number
  /** Peers remembered, and bans kept at a time: about 10 MB in all. The oldest are forgotten first. */
  readonly peers: number
}

export const DEFAULT_BAN_LIMITS: BanLimits = {
  failures: 10,
  within: 10 * 60_000,
  ban: 15 * 60_000,
  peers: 10_000,
}

export interface Ban {
  /** An IPv4 address, or the /64 of an IPv6 address. */
  readonly peer: string
  /** Milliseconds since the epoch. */
  readonly until: number
}

/** What happened, for the log. */
export type BanEvent = Ban & { readonly kind: 'banned' | 'lifted' }

/** One wrong guess: at which login, and what stands for what was tried. Neither can be read back. */
export interface Guess {
  readonly login: string
  readonly proof: string
}

type Failure = Guess & { readonly at: number }

/**
 * Turns away whoever guesses, by the address from which it comes. All edges of a process share one of these, so that a
 * guesser cannot have each door's patience anew.
 *
 * The same wrong guess again is none: a mail client with an old password repeats itself for days and learns nothing by
 * it. A success forgives what came before it at that login, and not at others: who has one account of his own must not
 * earn guesses at everybody else's by it.
 */
export class AddressBans {
  readonly limits: BanLimits
  readonly #clock: Clock
  readonly #told: (event: BanEvent) => void
  readonly #failures: BoundedCache<readonly Failure[]>
  /** In the order in which they end. */
  readonly #bans = new Map<string, Ban>()

  constructor(clock: Clock, limits: Partial<BanLimits> = {}, told: (event: BanEvent) => void = () => {}) {
    this.limits = { ...DEFAULT_BAN_LIMITS, ...limits }
    this.#clock = clock
    this.#told = told
    this.#failures = new BoundedCache(clock, this.limits.peers, this.limits.within)
  }

  /** Whether the address may try now. */
  admits(address: string): boolean {
    if (this.#bans.size === 0) return true
    const peer = peerNetwork(address)
    const ban = this.#bans.get(peer)
    if (ban === undefined) return true
    if (ban.until > this.#clock.now()) return false
    this.#bans.delete(peer)
    return true
  }

  failed(address: string, guess: Guess): void {
    if (isLoopback(address)) return
    const peer = peerNetwork(address)
    const now = this.#clock.now()
    const recent = (this.#failures.get(peer) ?? []).filter(({ at }) => at > now - this.limits.within)
    if (recent.some(({ login, proof }) => login === guess.login && proof === guess.proof)) return
    const failures = [...recent, { ...guess, at: now }]
    if (failures.length < this.limits.failures) this.#failures.set(peer, failures)
    else this.#ban(peer, now)
  }

  succeeded(address: string, login: string): void {
    const peer = peerNetwork(address)
    const failures = this.#failures.get(peer)
    if (failures === undefined) return
    const others = failures.filter((failure) => failure.login !== login)
    if (others.length > 0) this.#failures.set(peer, others)
    else this.#failures.delete(peer)
  }

  /** The bans in force, the one that ends first in front. */
  list(): readonly Ban[] {
    const now = this.#clock.now()
    return [...this.#bans.values()].filter(({ until }) => until > now)
  }

  /** Lifts the ban of an address, or of a peer as `list` names it. False when there was none. */
  lift(address: string): boolean {
    const peer = this.#bans.has(address) ? address : peerNetwork(address)
    const ban = this.#bans.get(peer)
    this.#bans.delete(peer)
    this.#failures.delete(peer)
    if (ban === undefined || ban.until <= this.#clock.now()) return false
    this.#told({ kind: 'lifted', ...ban })
    return true
  }

  #ban(peer: string, now: number): void {
    this.#failures.delete(peer)
    this.#bans.delete(peer)
    this.#makeRoom(now)
    const ban = { peer, until: now + this.limits.ban }
    this.#bans.set(peer, ban)
    this.#told({ kind: 'banned', ...ban })
  }

  #makeRoom(now: number): void {
    for (const [peer, { until }] of this.#bans) {
      if (until > now && this.#bans.size < this.limits.peers) return
      this.#bans.delete(peer)
    }
  }
}
