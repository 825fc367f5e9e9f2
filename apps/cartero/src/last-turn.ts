import type { Journal, JourneyEvent } from '@cartero/journey'

/** When a customer last took mail, as far as it is remembered. */
export interface LastTurn {
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly account: string
  /** The address from which he came. */
  readonly peer: string
  readonly messages: number
  /** Such as `complete` or `lost`. */
  readonly how: string
}

/** Events of one domain that are looked through: of a turn there are two. */
const MOST_LOOKED_AT = 10

/** Undefined when none is remembered; a visit that found no mail is none. */
export async function lastTurnOf(
  journal: Pick<Journal, 'find'>,
  domain: string,
  signal: AbortSignal,
): Promise<LastTurn | undefined> {
  const events = await journal.find({ key: domain, limit: MOST_LOOKED_AT }, signal)
  const ended = events.findLast(({ event }) => event === 'turn.ended')
  return ended && turnOf(ended)
}

function turnOf({ at, fields: { account, peer, messages, how } }: JourneyEvent): LastTurn {
  return {
    at,
    account: String(account),
    peer: String(peer),
    messages: typeof messages === 'number' ? messages : 0,
    how: String(how),
  }
}
