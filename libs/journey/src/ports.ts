/**
 * Something that happened to a message, or to somebody who wanted to hand one over. The names are those of the log:
 * `message.received`, `message.relayed`. Fields that are known everywhere: `qid` (queue id), `from`, `to` (address or
 * addresses), `msgid` (Message-ID), `about` (queue id of the message that a notice is about), `peer`, `account`, `domains`. Not changed any more once it was told.
 */
export interface JourneyEvent {
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly event: string
  readonly agent: string
  readonly fields: Readonly<Record<string, unknown>>
}

export interface JournalQuestion {
  /**
   * A queue id, an address, a Message-ID with or without its angle brackets, the IP address of a peer, or the domain of a customer.
   * Upper and lower case are the same.
   */
  readonly key: string
  /** Milliseconds since the epoch. */
  readonly since?: number
  readonly limit: number
}

/** What happened to each message, for as long as it is kept. No promise about a crash: the last moments may be missing. */
export interface Journal {
  /** Never waits, never throws; what cannot be kept is dropped and counted. */
  tell(event: JourneyEvent): void
  /** Events in which the key occurs, oldest first; of more than `limit`, the newest. What was told before is found. */
  find(question: JournalQuestion, signal: AbortSignal): Promise<readonly JourneyEvent[]>
  /** Events that were dropped. */
  readonly dropped: number
  close(): Promise<void>
}
