import type { Feed } from './ports.ts'

/** A customer asks for the mail of domains that are his; the directory has been asked about that already. */
export interface TurnRequest {
  readonly account: string
  /** A-labels in lower case, each once; at least one. */
  readonly domains: readonly string[]
  /** Whose connection it is: the session's name in the log, and the address. */
  readonly sid: string
  readonly peer: string
}

/** What is there for him. */
export type TurnOpening =
  /** No mail waits for any of these domains. */
  // RFC 2645 §5.2: 453
  | { readonly kind: 'nothing' }
  /** Somebody has the turn for one of them now: one at a time has it, whoever asks. */
  | { readonly kind: 'busy' }
  /** Mail waits, and all of these domains are his until the turn ends. */
  | { readonly kind: 'begun'; readonly turn: Turn }

/**
 * All that was there was offered; the connection broke; he was silent for too long; he would not have it, or spoke no SMTP; we
 * did not go on. No more than these: they are labels of a counter.
 */
export const TURN_ENDINGS = ['complete', 'lost', 'timedOut', 'refused', 'stopped'] as const

/** How a turn ended. */
export interface TurnEnding {
  readonly kind: (typeof TURN_ENDINGS)[number]
  /** In words, where there are any. */
  readonly reason?: string
}

/**
 * The deliveries of one turn. What is given out is leased: what nobody has told the end of when the turn ends, or its owner dies,
 * stays. A delivery that is deferred in a turn does not come again in it.
 */
export interface Turn extends Feed {
  /** Deliveries that waited when it began, as counted then. */
  readonly waiting: number
  /**
   * Gives back what is out, waits until all that was told is settled, and lets others have the domains. Idempotent; `stopped`
   * when nobody says how.
   */
  end(how?: TurnEnding): Promise<void>
}

/**
 * Mail that waits until a customer comes for it. Owned by the MTA, which has the spool; who speaks with customers asks for turns, and
 * holds no credentials of any store.
 */
// RFC 2645
export interface Turns {
  /** Answers in milliseconds, whatever waits. Rejects with SpoolError when the spool cannot tell now. */
  begin(request: TurnRequest, signal: AbortSignal): Promise<TurnOpening>
}
