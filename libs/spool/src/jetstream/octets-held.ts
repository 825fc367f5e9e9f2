/** What all drafts of a process have in memory. */
export class OctetsHeld {
  readonly #most: number
  #held = 0

  constructor(most: number) {
    this.#most = most
  }

  get octets(): number {
    return this.#held
  }

  /** False when that would be too much; then nothing is counted. */
  add(octets: number): boolean {
    if (this.#held + octets > this.#most) return false
    this.#held += octets
    return true
  }

  remove(octets: number): void {
    this.#held -= octets
  }
}
