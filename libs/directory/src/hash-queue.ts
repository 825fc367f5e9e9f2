import { DirectoryError } from './directory-error.ts'

/** Hashes at a time: the thread pool has four threads, and files and DNS want theirs. */
export const HASHES_AT_ONCE = 2

/** Hashes that wait: at 45 ms each, the last one waits about six seconds. */
export const MAX_WAITING_HASHES = 256

/** Lets few run at a time and few wait, so that logins can neither fill the memory nor starve the thread pool. */
export class HashQueue {
  readonly #atOnce: number
  readonly #maxWaiting: number
  readonly #waiting: (() => void)[] = []
  #running = 0

  constructor(atOnce: number = HASHES_AT_ONCE, maxWaiting: number = MAX_WAITING_HASHES) {
    this.#atOnce = atOnce
    this.#maxWaiting = maxWaiting
  }

  /** Runs the work when it is its turn. Rejects with `busy` when too many wait already. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running < this.#atOnce) this.#running++
    else await this.#turn()
    try {
      return await work()
    } finally {
      this.#leave()
    }
  }

  #turn(): Promise<void> {
    if (this.#waiting.length >= this.#maxWaiting) {
      return Promise.reject(
        new DirectoryError('busy', 'too many passwords are being checked: try again later'),
      )
    }
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  /** The place goes to the next in line, if there is one. */
  #leave(): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#running--
    else next()
  }
}
