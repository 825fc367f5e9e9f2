import type { Clock } from '@cartero/wire'

interface Idler<Lane> {
  readonly lane: Lane
  /** Ends the wait; at most once. */
  readonly answer: (hasMore: boolean) => void
}

/** Couriers that wait for something to carry. */
export class Idlers<Lane> {
  readonly #clock: Clock
  readonly #lanes = new Map<Lane, Idler<Lane>[]>()
  /** All of them, the longest idle first. */
  readonly #all = new Set<Idler<Lane>>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** True once there may be something, false when it is time to part; `afterwards` when nobody said anything for so long. */
  wait(lane: Lane, milliseconds: number, afterwards = false): Promise<boolean> {
    return new Promise((resolve) => {
      const answer = (hasMore: boolean): void => {
        cancel()
        this.#remove(idler)
        resolve(hasMore)
      }
      const idler = { lane, answer }
      const cancel = this.#clock.after(milliseconds, () => answer(afterwards))
      this.#all.add(idler)
      const others = this.#lanes.get(lane)
      if (others === undefined) this.#lanes.set(lane, [idler])
      else others.push(idler)
    })
  }

  count(lane: Lane): number {
    return this.#lanes.get(lane)?.length ?? 0
  }

  /** Those idle shortest, so that the others go when there is not enough for all. */
  wake(lane: Lane, count: number): void {
    for (let n = 0; n < count; n++) {
      const idler = this.#lanes.get(lane)?.at(-1)
      if (idler === undefined) return
      idler.answer(true)
    }
  }

  /** All of a lane go. */
  part(lane: Lane): void {
    for (const idler of this.#lanes.get(lane)?.slice() ?? []) idler.answer(false)
  }

  /** The longest idle of all goes, so that another lane may have its place. */
  partOne(): void {
    for (const idler of this.#all) return idler.answer(false)
  }

  partAll(): void {
    for (const idler of this.#all) idler.answer(false)
  }

  #remove(idler: Idler<Lane>): void {
    this.#all.delete(idler)
    const others = this.#lanes.get(idler.lane)?.filter((other) => other !== idler) ?? []
    if (others.length > 0) this.#lanes.set(idler.lane, others)
    else this.#lanes.delete(idler.lane)
  }
}
