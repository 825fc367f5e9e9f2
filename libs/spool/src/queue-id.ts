import { randomFillSync } from 'node:crypto'

import type { Clock } from '@cartero/wire'
import type { QueueId } from './ports.ts'

/** Crockford's base32: no I, L, O, U, so that an id can be read out on the telephone. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const COUNTER_SPAN = 2 ** 35

export type RandomOctets = (octets: Uint8Array) => void

/**
 * Makes queue ids: 45 bits of milliseconds, 35 bits of a counter that starts at random. Strictly ascending in one
 * process, also when the clock is set back; two processes differ by the random start.
 */
export class QueueIds {
  readonly #clock: Clock
  #milliseconds = 0
  #counter: number

  constructor(clock: Clock, random: RandomOctets = randomFillSync) {
    this.#clock = clock
    const octets = new Uint8Array(5)
    random(octets)
    this.#counter = octets.reduce((sum, octet) => (sum * 256 + octet) % COUNTER_SPAN, 0)
  }

  next(): QueueId {
    this.#milliseconds = Math.max(this.#milliseconds, this.#clock.now())
    this.#counter += 1
    if (this.#counter >= COUNTER_SPAN) {
      this.#counter = 0
      this.#milliseconds += 1
    }
    return (base32(this.#milliseconds, 9) + base32(this.#counter, 7)) as QueueId
  }
}

function base32(value: number, digits: number): string {
  let text = ''
  for (let rest = value; digits > 0; digits--) {
    text = ALPHABET.charAt(rest % 32) + text
    rest = Math.floor(rest / 32)
  }
  return text
}
