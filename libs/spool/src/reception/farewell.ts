import { formatReply, replies, type Reply } from '@cartero/smtp'
import type { Refusal } from '@cartero/wire/node'

const FAREWELLS: Readonly<Record<Refusal['kind'], (hostname: string) => Reply>> = {
  crowded: replies.tooManyConnections,
  turnedAway: replies.tooManyAuthFailures,
  noHeader: replies.notAvailable,
}

/** What an SMTP edge says instead of a greeting to whoever gets no session. */
export function farewellOf({ kind }: Refusal, hostname: string): Buffer {
  return formatReply(FAREWELLS[kind](hostname))
}
