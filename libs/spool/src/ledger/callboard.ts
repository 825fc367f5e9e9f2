import { nextHopOf, type DestinationName, type DueDestination } from '../queue.ts'
import { Bell } from './bell.ts'
import { Lanes } from './lanes.ts'

/** More urgent than any message can say it is. */
const URGED_PRIORITY = 10

interface Call {
  readonly destination: DestinationName
  isUrged: boolean
  isTold: boolean
}

/** Destinations that something is due for, until somebody is told of them: urgent first, then who came first. */
export class Callboard {
  readonly #calls = new Map<DestinationName, Call>()
  readonly #lanes = new Lanes<Call>()
  readonly #bell = new Bell()
  #isRung = false

  get size(): number {
    return this.#calls.size
  }

  post(destination: DestinationName, priority: number, isUrged = false): void {
    const known = this.#calls.get(destination)
    if (known !== undefined && (known.isUrged || !isUrged)) return
    // What was posted before is passed over in its lane.
    if (known !== undefined) known.isTold = true
    const call = { destination, isUrged, isTold: false }
    this.#calls.set(destination, call)
    this.#lanes.push(call, isUrged ? URGED_PRIORITY : priority)
    this.#bell.ring()
  }

  take(limit: number): readonly DueDestination[] {
    const taken: DueDestination[] = []
    while (taken.length < limit) {
      const call = this.#lanes.shift()
      if (call === undefined) break
      if (call.isTold) continue
      this.#calls.delete(call.destination)
      const { destination, isUrged } = call
      taken.push({ destination, nextHop: nextHopOf(destination), isUrged })
    }
    return taken
  }

  /** Drops those for which it does not hold. */
  retain(holds: (destination: DestinationName) => boolean): void {
    for (const [destination, call] of this.#calls) {
      if (call.isUrged || holds(destination)) continue
      call.isTold = true
      this.#calls.delete(destination)
    }
    this.#lanes.retain((call) => !call.isTold)
  }

  /** There may be something to look for: whoever waits, or is about to, does not. */
  ring(): void {
    this.#isRung = true
    this.#bell.ring()
  }

  /** Until something is posted, somebody rings, or the signal aborts. */
  async wait(signal: AbortSignal): Promise<void> {
    if (this.#calls.size === 0 && !this.#isRung) await this.#bell.wait(signal)
    this.#isRung = false
  }
}
