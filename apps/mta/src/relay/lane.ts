import type { TlsWish, Way } from '@cartero/routing'
import type { Envelope } from '@cartero/spool'
import type { Clock } from '@cartero/wire'

import { BackOff } from './back-off.ts'
import { Pace, type PaceLimits } from './pace.ts'
import type { Standing } from './pool.ts'
import type { Lane } from './ports.ts'
import { Stock } from './stock.ts'
import type { Turn } from './turn.ts'

export interface LaneOptions extends Lane {
  readonly limits: PaceLimits
  readonly random: () => number
}

/** A destination, as mail with one wish for TLS sees it. */
export class RelayLane implements Lane {
  readonly destination: string
  readonly way: Way
  readonly wish: TlsWish
  readonly stock = new Stock()
  readonly turns: Set<Turn> = new Set()
  readonly pace: Pace
  readonly backOff: BackOff
  /** Runs one after another that carried nothing though there was something to carry. */
  fruitless = 0
  /** Grows when it could not be reached: runs that began before belong to the same failure. */
  generation = 0
  /** No further connection before: the host has just refused one. As `Clock.elapsed`. */
  growsAfter = 0
  /** It is to be tried now, whoever of its hosts is left alone. */
  isUrged = false
  #isGood = false

  constructor({ destination, way, wish, limits, random }: LaneOptions) {
    this.destination = destination
    this.way = way
    this.wish = wish
    this.pace = new Pace(limits)
    this.backOff = new BackOff(random)
  }

  get standing(): Standing {
    if (this.backOff.failures > 0) return 'bad'
    return this.#isGood ? 'good' : 'new'
  }

  /** How its last run went. */
  went(isGood: boolean): void {
    this.#isGood = isGood
  }

  /** Connections that have carried something. */
  get working(): number {
    let working = 0
    for (const turn of this.turns) if (turn.carried > 0) working += 1
    return working
  }

  /** Until when it is left alone, by the time of day, for what is written down and told; 0 when it is not. */
  notBefore(clock: Clock): number {
    const left = this.backOff.until - clock.elapsed()
    // The time of day has lost up to a millisecond: what becomes due then must not hear of a rest that is all but over.
    return left > 0 ? clock.now() + Math.ceil(left) + 1 : 0
  }

  /** Somebody wants it tried now, whatever was. */
  urge(): void {
    this.forgive()
    this.isUrged = true
  }

  /** What was remembered of failures does not count any more. */
  forgive(): void {
    if (this.backOff.until > 0) this.pace.restart()
    this.backOff.forget()
    this.fruitless = 0
    this.growsAfter = 0
  }
}

/** REQUIRETLS wins where mail asks for both. */
// RFC 8689 §4.1
export function wishOf({ requireTls, tlsOptional }: Envelope): TlsWish {
  const required = requireTls === true
  return { required, optional: !required && tlsOptional === true }
}

/** What tells lanes of one destination apart. */
export function wishName({ required, optional }: TlsWish): 'required' | 'optional' | 'usual' {
  if (required) return 'required'
  return optional ? 'optional' : 'usual'
}
