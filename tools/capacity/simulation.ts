/** A day and a night of mail through hops that fill and empty, second by second. */
export interface SimulatedHop {
  readonly name: string
  /** Messages a second that all its units do together. */
  readonly capacity: number
  /** Messages that may wait before it; what comes on top is refused by the hop before, and at the first hop by the edge (4xx). */
  readonly room: number
}

/** A hop loses part of what it can do for a while. Times in seconds. */
export interface Outage {
  readonly hop: string
  readonly from: number
  readonly until: number
  /** What is left: 0 is nothing. */
  readonly left: number
  /** What is lost is a shard: nobody else can do its part, which waits until it is there again. */
  readonly isShard?: boolean
}

export interface Scenario {
  /** Messages a second, as the mean of a day. */
  readonly rate: number
  readonly peak: number
  readonly seconds: number
  readonly hops: readonly SimulatedHop[]
  readonly outages: readonly Outage[]
  /** Who was refused comes again after so many seconds, as a sending host does (RFC 5321 §4.5.4.1). */
  readonly retryAfter: number
}

export interface HopReport {
  readonly name: string
  /** Most messages that waited before it, and when that was. */
  readonly longest: number
  readonly longestAt: number
  /** Part of its capacity that it used in its busiest minute. */
  readonly busiest: number
}

export interface Report {
  readonly offered: number
  /** Of those, accepted at the first or a later try; refusals are counted by try. */
  readonly accepted: number
  readonly refusals: number
  readonly delivered: number
  /** Accepted, and still under way at the end. */
  readonly underWay: number
  /** Refused, and to come again after the end. */
  readonly toComeAgain: number
  readonly hops: readonly HopReport[]
  /** Seconds after the last outage until nothing waited longer than a second. */
  readonly recovered: number | undefined
}

const MINUTE = 60
const DAY = 86_400

/** Nothing is random: what comes out depends on nothing but the scenario. */
export function simulate(scenario: Scenario): Report {
  const { outages, seconds } = scenario
  const hops = scenario.hops.map((hop) => new Hop(hop, outages))
  const door = new Door(scenario, hops[0]!)
  const lastOutage = Math.max(0, ...outages.map(({ until }) => until))
  let [delivered, recovered] = [0, undefined as number | undefined]
  for (let now = 0; now < seconds; now++) {
    door.open(now)
    delivered += passOn(hops, now)
    if (now >= lastOutage && recovered === undefined && hops.every((hop) => hop.isQuiet)) {
      recovered = now - lastOutage
    }
  }
  return {
    ...door.report(),
    delivered,
    underWay: hops.reduce((sum, hop) => sum + hop.waiting, 0),
    hops: hops.map((hop) => hop.report()),
    recovered,
  }
}

/** From the last to the first, so that what leaves a hop makes room for what comes. Returns what left the last one. */
function passOn(hops: readonly Hop[], now: number): number {
  let room = Number.POSITIVE_INFINITY
  let after: Hop | undefined
  let delivered = 0
  for (const hop of hops.toReversed()) {
    const done = hop.work(now, room)
    if (after === undefined) delivered = done
    else after.take(done, now)
    room = hop.room
    after = hop
  }
  return delivered
}

/** Where mail comes from, and comes again when it was refused. */
class Door {
  readonly #scenario: Scenario
  readonly #first: Hop
  readonly #sharpness: number
  readonly #again = new Map<number, number>()
  #offered = 0
  #accepted = 0
  #refusals = 0

  constructor(scenario: Scenario, first: Hop) {
    this.#scenario = scenario
    this.#first = first
    this.#sharpness = sharpnessOf(scenario.peak)
  }

  open(now: number): void {
    const { rate, peak, retryAfter } = this.#scenario
    const fresh = rate * peak * waveAt(now) ** this.#sharpness
    const coming = fresh + (this.#again.get(now) ?? 0)
    this.#again.delete(now)
    const taken = Math.min(coming, this.#first.isAway(now) ? 0 : this.#first.room)
    this.#first.take(taken, now)
    this.#offered += fresh
    this.#accepted += taken
    if (coming === taken) return
    this.#refusals += coming - taken
    this.#again.set(now + retryAfter, coming - taken)
  }

  report(): Pick<Report, 'offered' | 'accepted' | 'refusals' | 'toComeAgain'> {
    const toComeAgain = this.#again.values().reduce((sum, count) => sum + count, 0)
    return { offered: this.#offered, accepted: this.#accepted, refusals: this.#refusals, toComeAgain }
  }
}

class Hop {
  readonly #hop: SimulatedHop
  readonly #outages: readonly Outage[]
  #ready = 0
  /** For a shard that is away. */
  #stuck = 0
  #longest = 0
  #longestAt = 0
  #inMinute = 0
  #mostInMinute = 0

  constructor(hop: SimulatedHop, outages: readonly Outage[]) {
    this.#hop = hop
    this.#outages = outages.filter((outage) => outage.hop === hop.name)
  }

  get waiting(): number {
    return this.#ready + this.#stuck
  }

  get room(): number {
    return Math.max(0, this.#hop.room - this.waiting)
  }

  isAway(now: number): boolean {
    return this.#left(now, false) === 0
  }

  /** Nothing waits for longer than a second. */
  get isQuiet(): boolean {
    return this.waiting <= this.#hop.capacity
  }

  take(count: number, now: number): void {
    const stuck = count * (1 - this.#left(now, true))
    this.#stuck += stuck
    this.#ready += count - stuck
  }

  /** What leaves it in this second. */
  work(now: number, room: number): number {
    if (this.#left(now, true) === 1) {
      this.#ready += this.#stuck
      this.#stuck = 0
    }
    const { capacity } = this.#hop
    const done = Math.min(this.#ready, room, capacity * this.#left(now, true) * this.#left(now, false))
    this.#ready -= done
    this.#note(now, done)
    return done
  }

  report(): HopReport {
    const { name, capacity } = this.#hop
    const busiest = this.#mostInMinute / (capacity * MINUTE)
    return { name, longest: this.#longest, longestAt: this.#longestAt, busiest }
  }

  #left(now: number, isShard: boolean): number {
    const lasting = this.#outages.filter(
      ({ from, until, isShard: is = false }) => is === isShard && now >= from && now < until,
    )
    return Math.min(1, ...lasting.map(({ left }) => left))
  }

  #note(now: number, done: number): void {
    if (this.waiting > this.#longest) [this.#longest, this.#longestAt] = [this.waiting, now]
    if (now % MINUTE === 0) this.#inMinute = 0
    this.#inMinute += done
    this.#mostInMinute = Math.max(this.#mostInMinute, this.#inMinute)
  }
}

/** A day as a wave from 0 to 1, whose top is at noon. */
function waveAt(now: number): number {
  return (1 - Math.cos((2 * Math.PI * now) / DAY)) / 2
}

/** The power of the wave by which its top is so many times its mean. */
function sharpnessOf(peak: number): number {
  let [low, high] = [0, 100]
  for (let round = 0; round < 50; round++) {
    const middle = (low + high) / 2
    if (meanOf(middle) > 1 / peak) low = middle
    else high = middle
  }
  return low
}

function meanOf(sharpness: number): number {
  let sum = 0
  for (let at = 0; at < DAY; at += MINUTE) sum += waveAt(at) ** sharpness
  return (sum * MINUTE) / DAY
}
