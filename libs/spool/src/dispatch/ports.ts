import type { MaybePromise } from '@cartero/wire'

import type { Delivery } from '../ports.ts'
import type { RecipientResult } from '../notices/index.ts'

/** What was seen in an attempt; for events, and for whoever asks why. */
export interface AttemptFacts {
  readonly host?: string
  readonly address?: string
  /** Such as `TLSv1.3 dane`: version, and by what the host was believed. Absent: no TLS. */
  readonly tls?: string
  /** Milliseconds since the spool gave the delivery out: until the connection could take it, and for the transaction. */
  readonly waited?: number
  readonly sending?: number
  /** The connection had carried others before. */
  readonly isReused?: boolean
  /** The conversation ended before it was decided: nobody has refused anything. */
  readonly isCutOff?: true
}

/** Deliveries that may share a connection, as those get them who speak with the next host. */
export interface Feed {
  /** The next one to be sent. Undefined: nothing is at hand. */
  next(): Delivery | undefined
  /** False when it is time to part; true when there may be something. */
  more(): Promise<boolean>
  /** How it ended, in the order of the recipients; once for each delivery that was taken. */
  done(delivery: Delivery, results: readonly RecipientResult[], facts: AttemptFacts): void
  /** It was taken, and not attempted. */
  giveBack(delivery: Delivery): void
}

/** Whether more mail may wait for a customer; for those who take it in. Answers at once, or nearly so, and never rejects. */
export interface CollectionRoom {
  /** @param domain in A-labels and lower case, one that a customer collects */
  hasRoom(domain: string): MaybePromise<boolean>
}
