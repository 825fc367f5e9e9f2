import type { Patience } from '@cartero/wire'
import type { Dialogue, Phase } from './dialogue.ts'

/**
 * Throws octets away that stand behind a refused command and are none themselves, and then does `then`. More than is borne
 * with are not waited for: the connection is closed, for what came next could not be told from them.
 *
 * @param inAll octets that were too much for the same reason, with these
 */
// RFC 3030 §2
export function discard(dialogue: Dialogue, octets: number, inAll: number, then: () => void): void {
  if (inAll > dialogue.policy.limits.discarded) {
    then()
    // Unless what was said did it.
    if (dialogue.ending === undefined) dialogue.close('dismissed')
  } else if (octets === 0) then()
  else dialogue.phase = new DiscardPhase(dialogue, octets, then)
}

class DiscardPhase implements Phase {
  readonly patience: Patience
  readonly #then: () => void
  #left: number

  constructor({ policy }: Dialogue, octets: number, then: () => void) {
    this.patience = policy.dataPatience
    this.#left = octets
    this.#then = then
  }

  step(dialogue: Dialogue): boolean {
    const octets = dialogue.input.take(this.#left)
    if (octets === undefined) return false
    this.#left -= octets.length
    if (this.#left === 0) this.#then()
    return true
  }
}
