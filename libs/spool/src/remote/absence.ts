import type { SpoolError } from '../ports.ts'

export interface HearAbsence {
  /** Told once that the spool is away, and not again before it is back. */
  readonly trouble?: (error: SpoolError) => void
  /** Told once that it is there again. */
  readonly back?: () => void
}

/** Whether the spool is away. It is asked again and again then, which is not told of. */
export class Absence {
  readonly #hear: HearAbsence
  #isAway = false

  constructor(hear: HearAbsence) {
    this.#hear = hear
  }

  get isAway(): boolean {
    return this.#isAway
  }

  begin(error: SpoolError): void {
    if (this.#isAway) return
    this.#isAway = true
    this.#hear.trouble?.(error)
  }

  end(): void {
    if (!this.#isAway) return
    this.#isAway = false
    this.#hear.back?.()
  }
}
