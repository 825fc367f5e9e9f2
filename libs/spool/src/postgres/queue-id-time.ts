import type { QueueId } from '../ports.ts'

/** Characters of a queue id that tell when it was made, and the others; see `QueueIds`. */
const TIME_CHARACTERS = 9
const OTHER_CHARACTERS = 7
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/** When a queue id was made, by the clock of whoever made it; milliseconds since the epoch. */
export function timeOf(queueId: QueueId): number {
  let time = 0
  for (const character of queueId.slice(0, TIME_CHARACTERS))
    time = time * 32 + Math.max(0, ALPHABET.indexOf(character))
  return time
}

/** What no queue id that was made before then comes behind. */
export function firstIdAt(time: number): string {
  let id = ''
  for (let rest = Math.max(0, Math.floor(time)); id.length < TIME_CHARACTERS; rest = Math.floor(rest / 32))
    id = ALPHABET.charAt(rest % 32) + id
  return id + ALPHABET.charAt(0).repeat(OTHER_CHARACTERS)
}
