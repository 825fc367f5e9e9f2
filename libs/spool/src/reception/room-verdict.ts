import { replies, type Reply } from '@cartero/smtp/server'
import type { MaybePromise } from '@cartero/wire'
import type { CollectionRoom } from '../dispatch/index.ts'

/**
 * What a client is told of a recipient whose mail waits for customers; undefined accepts. It is found out at RCPT, because what is
 * accepted is kept.
 */
// RFC 5321 §4.2.2
export function roomVerdict(
  room: CollectionRoom | undefined,
  collected: readonly string[],
): MaybePromise<Reply | undefined> {
  if (room === undefined || collected.length === 0) return undefined
  const domains = [...new Set(collected.map((address) => address.slice(address.lastIndexOf('@') + 1)))]
  const answers = domains.map((domain) => room.hasRoom(domain))
  const waiting = answers.filter((answer) => answer instanceof Promise)
  const isFull = answers.includes(false)
  if (isFull || waiting.length === 0) return verdict(!isFull)
  return Promise.all(waiting).then((each) => verdict(each.every(Boolean)))
}

function verdict(hasRoom: boolean): Reply | undefined {
  return hasRoom ? undefined : replies.noRoomToWait
}
