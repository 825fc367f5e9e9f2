/** When senders are told, and how much they get back. Times in milliseconds. */
export interface NoticeSettings {
  /** After this a message that is still tried is reported once as delayed. */
  readonly delayAfter: number
  /** After this it is given up. */
  readonly giveUpAfter: number
  /** Octets up to which a whole message is given back to a sender who asked for that; of larger ones, the header. */
  readonly returnedOctets: number
}

export const NOTICE_SETTINGS: NoticeSettings = {
  // Sooner, people would be told of what mends itself; later, a working day is over.
  delayAfter: 4 * 3_600_000,
  // RFC 5321 §4.5.4.1: at least 4 to 5 days
  giveUpAfter: 5 * 86_400_000,
  // The sender has the message. What is large here was large in his outbox.
  returnedOctets: 1024 * 1024,
}

/**
 * Notices of one message that give it back at its largest: each destination is told of by itself, so that a message to a thousand of
 * them would come back a thousand times. Of one with more recipients, what is given back whole is smaller by as much.
 */
export const FULL_RETURNS = 10
