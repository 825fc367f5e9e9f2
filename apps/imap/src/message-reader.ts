import type { MailboxId, MailStore, StoredMessage } from '@cartero/mailstore'
import type { KeptMessage, MessageCache } from './message-cache.ts'
import { refusing } from './refusal-of.ts'

/** What does not change of a message, from wherever it is at hand. */
export type ReadMessage = KeptMessage | StoredMessage

export interface ReadOptions {
  /** The index is needed, so the message is worth keeping. */
  readonly keep: boolean
}

/** Reads messages, in order; those that are gone are left out, unless they were read lately (RFC 2180 §4.1.2). */
export async function readMessages(
  store: MailStore,
  cache: MessageCache,
  mailbox: MailboxId,
  uids: readonly number[],
  { keep }: ReadOptions,
): Promise<readonly ReadMessage[]> {
  const known = uids.map((uid) => cache.get(mailbox, uid))
  const missing = uids.filter((_, i) => known[i] === undefined)
  if (missing.length === 0) return known as readonly KeptMessage[]
  const stored = await refusing(store.fetch(mailbox, missing))
  const read = keep ? stored.map((message) => cache.keep(mailbox, message)) : stored
  if (missing.length === uids.length) return read
  return merged(known, read)
}

/** Puts what was read into the gaps of what was known; both ascend by uid. */
function merged(
  known: readonly (KeptMessage | undefined)[],
  read: readonly ReadMessage[],
): readonly ReadMessage[] {
  const all: ReadMessage[] = [...read]
  for (const message of known) if (message !== undefined) all.push(message)
  return all.sort((a, b) => a.uid - b.uid)
}
