/** How a lane fared of late: it carried mail; nobody knows yet, or it was slow; it could not be reached. */
export type Standing = 'good' | 'new' | 'bad'

/**
 * The part of all connections that lanes of a standing may hold together with those of a worse one. Connections that are being
 * made to many dead hosts hang for half a minute each; what goes well finds room all the same.
 */
export const SHARES: Readonly<Record<Standing, number>> = { good: 1, new: 3 / 4, bad: 1 / 4 }

const STANDINGS: readonly Standing[] = ['good', 'new', 'bad']

/** Who wants connections. */
export interface Claimant {
  /** Here is one. It is the claimant's until it is released, whatever it does with it. */
  granted(slot: Slot): void
}

/** The right to have one connection. */
export interface Slot {
  standing: Standing
}

export interface Claim {
  readonly standing: Standing
  /** It has no connection yet: comes before everybody who has. */
  readonly isFirst: boolean
}

/** In the order in which they asked; the number says when. */
type Line = Readonly<Record<Standing, Map<Claimant, number>>>

const newLine = (): Line => ({ good: new Map(), new: new Map(), bad: new Map() })

/** All connections there may be, and whose turn it is: in turns, and none has a second as long as another waits for its first. */
export class Pool {
  readonly #size: number
  readonly #contended: () => void
  readonly #held: Record<Standing, number> = { good: 0, new: 0, bad: 0 }
  readonly #firsts = newLine()
  readonly #others = newLine()
  #asked = 0
  #isGranting = false

  /** @param contended told when somebody waits for a first connection that another one would have to leave */
  constructor(size: number, contended: () => void = () => {}) {
    this.#size = size
    this.#contended = contended
  }

  /** Connections that are made or being made. */
  get held(): number {
    return this.#held.good + this.#held.new + this.#held.bad
  }

  /** Claimants that wait. */
  get waiting(): number {
    return count(this.#firsts) + count(this.#others)
  }

  /** Asks for one; who has asked already keeps its place. May be granted at once. */
  ask(claimant: Claimant, { standing, isFirst }: Claim): void {
    const line = (isFirst ? this.#firsts : this.#others)[standing]
    if (line.has(claimant)) return
    this.withdraw(claimant)
    line.set(claimant, this.#asked++)
    this.#grant()
    if (isFirst && line.has(claimant)) this.#contended()
  }

  /** It wants none any more. */
  withdraw(claimant: Claimant): void {
    for (const standing of STANDINGS) {
      this.#firsts[standing].delete(claimant)
      this.#others[standing].delete(claimant)
    }
  }

  /** It carries mail: it is not one of those that only try. */
  prove(slot: Slot): void {
    if (slot.standing === 'good') return
    this.#held[slot.standing] -= 1
    slot.standing = 'good'
    this.#held.good += 1
    this.#grant()
  }

  release(slot: Slot): void {
    this.#held[slot.standing] -= 1
    this.#grant()
  }

  /** Whether somebody who has none could have this one. */
  isWanted({ standing }: Slot): boolean {
    return STANDINGS.some((other) => this.#firsts[other].size > 0 && this.#hasRoom(other, standing))
  }

  #grant(): void {
    if (this.#isGranting) return
    this.#isGranting = true
    try {
      for (;;) {
        const next = this.#next(this.#firsts) ?? this.#next(this.#others)
        if (next === undefined) return
        this.withdraw(next.claimant)
        this.#held[next.standing] += 1
        next.claimant.granted({ standing: next.standing })
      }
    } finally {
      this.#isGranting = false
    }
  }

  /** Who has waited longest of those for whom there is room. */
  #next(line: Line): { readonly claimant: Claimant; readonly standing: Standing } | undefined {
    let found:
      | { readonly claimant: Claimant; readonly standing: Standing; readonly asked: number }
      | undefined
    for (const standing of STANDINGS) {
      const [first] = line[standing]
      if (first === undefined || !this.#hasRoom(standing)) continue
      const [claimant, asked] = first
      if (found === undefined || asked < found.asked) found = { claimant, standing, asked }
    }
    return found
  }

  /** @param without as if one of this standing had been released */
  #hasRoom(standing: Standing, without?: Standing): boolean {
    const held = (one: Standing): number => this.#held[one] - (one === without ? 1 : 0)
    const bad = held('bad')
    const tried = bad + held('new')
    if (tried + held('good') >= this.#size) return false
    if (standing !== 'good' && tried >= this.#share('new')) return false
    return standing !== 'bad' || bad < this.#share('bad')
  }

  #share(standing: Standing): number {
    return Math.max(1, Math.floor(this.#size * SHARES[standing]))
  }
}

function count(line: Line): number {
  return line.good.size + line.new.size + line.bad.size
}
