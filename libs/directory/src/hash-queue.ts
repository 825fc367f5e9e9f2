import { DirectoryError } from './directory-error.ts'

/** Hashes at a time: the thread pool has four threads, and files and DNS want theirs. */
export const HASHES_AT_ONCE = 2

/** Hashes that wait: at 45 ms each, the last one waits about six seconds. */
export const MAX_WAITING_HASHES = 256

/** Whose hash it is. Those who are known at that login go first; strangers share what is left, peer by peer. */
export interface Place {
  /** The peer's network; '' when it is not known. */
  readonly from: string
  readonly isKnown: boolean
}

const NOWHERE: Place = { from: '', isKnown: false }

/**
 * Lets few run at a time and few wait, so that logins can neither fill the memory nor starve the thread pool.
 *
 * Peers take turns, however many guesses each has waiting, and when there is no place left whoever has the most waiting
 * loses the last of them. A flood from one place so costs the others one hash each, not their login.
 */
export class HashQueue {
  readonly #atOnce: number
  readonly #maxWaiting: number
  readonly #known = new Lane()
  readonly #strangers = new Lane()
  #running = 0

  constructor(atOnce: number = HASHES_AT_ONCE, maxWaiting: number = MAX_WAITING_HASHES) {
    this.#atOnce = atOnce
    this.#maxWaiting = maxWaiting
  }

  /** Runs the work when it is its turn. Rejects with `busy` when too many wait already. The place is free before it fulfils. */
  async run<T>(work: () => Promise<T>, place: Place = NOWHERE): Promise<T> {
    if (this.#running < this.#atOnce) this.#running++
    else await this.#turn(place)
    try {
      return await work()
    } finally {
      this.#leave()
    }
  }

  #turn({ from, isKnown }: Place): Promise<void> {
    const lane = isKnown ? this.#known : this.#strangers
    if (this.#known.size + this.#strangers.size >= this.#maxWaiting && !this.#makeRoom(lane, from)) {
      return Promise.reject(busy())
    }
    return new Promise((resolve, reject) => lane.add(from, { resolve, reject }))
  }

  /** Who is known takes the place of a stranger; else only of somebody who has more of them. */
  #makeRoom(lane: Lane, from: string): boolean {
    const losing = this.#strangers.size > 0 ? this.#strangers : lane
    const { from: greediest, count } = losing.greediest()
    if (losing === lane && count <= lane.count(from) + 1) return false
    losing.dropLast(greediest)?.reject(busy())
    return true
  }

  /** The place goes to the next in line, if there is one. */
  #leave(): void {
    const next = this.#known.next() ?? this.#strangers.next()
    if (next === undefined) this.#running--
    else next.resolve()
  }
}

interface Waiter {
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

/** Those who wait, a line for each peer; the peers take turns. */
class Lane {
  readonly #lines = new Map<string, Waiter[]>()
  size = 0

  add(from: string, waiter: Waiter): void {
    const line = this.#lines.get(from)
    if (line === undefined) this.#lines.set(from, [waiter])
    else line.push(waiter)
    this.size++
  }

  next(): Waiter | undefined {
    const [first] = this.#lines
    if (first === undefined) return undefined
    const [from, line] = first
    const waiter = line.shift()
    this.#lines.delete(from)
    if (line.length > 0) this.#lines.set(from, line)
    this.size--
    return waiter
  }

  count(from: string): number {
    return this.#lines.get(from)?.length ?? 0
  }

  /** The peer that has the most waiting. */
  greediest(): { from: string; count: number } {
    let most = { from: '', count: 0 }
    for (const [from, { length }] of this.#lines) if (length > most.count) most = { from, count: length }
    return most
  }

  dropLast(from: string): Waiter | undefined {
    const line = this.#lines.get(from)
    const waiter = line?.pop()
    if (waiter !== undefined) this.size--
    if (line?.length === 0) this.#lines.delete(from)
    return waiter
  }
}

function busy(): DirectoryError {
  return new DirectoryError('busy', 'too many passwords are being checked: try again later')
}
