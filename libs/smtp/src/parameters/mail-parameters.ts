import type { Mailbox } from '@cartero/syntax'
import { auth } from './auth.ts'
import { body } from './body.ts'
import { by } from './by.ts'
import { envid } from './envid.ts'
import { holdFor } from './holdfor.ts'
import { holdUntil } from './holduntil.ts'
import { mtPriority } from './mt-priority.ts'
import { requireTls } from './requiretls.ts'
import { ret } from './ret.ts'
import type { ParameterRow } from './row.ts'
import { size } from './size.ts'
import { smtpUtf8 } from './smtputf8.ts'
import { solicit } from './solicit.ts'

/** By when a message has to be delivered, and what happens if it is not. */
// RFC 2852 §4
export interface DeliverBy {
  /** Seconds from now; negative when the time is over already, which only `notify` allows. */
  readonly seconds: number
  /** `return`: give it back then. `notify`: say that it is late, and go on. */
  readonly mode: 'return' | 'notify'
  /** Each relay tells the sender where it went. */
  readonly trace: boolean
}

/** What may stand behind the path in MAIL FROM. */
export interface MailParameters {
  /** Octets that the client believes the message to have. */
  readonly size?: number
  readonly body?: '7BIT' | '8BITMIME' | 'BINARYMIME'
  readonly smtpUtf8?: true
  readonly auth?: Mailbox | '<>'
  /** How much of the message a notice of failure gives back (RFC 3461 §4.3). */
  readonly return?: 'full' | 'headers'
  /** The sender's own name for the message, decoded; repeated in notices (RFC 3461 §4.4). */
  readonly envelopeId?: string
  readonly deliverBy?: DeliverBy
  /** Seconds to keep the message back before it is sent (RFC 4865 §4). Never with `holdUntil`. */
  readonly holdFor?: number
  /** Milliseconds since the epoch (RFC 4865 §4). */
  readonly holdUntil?: number
  /** -9 to 9, the most urgent (RFC 6710 §5). */
  readonly priority?: number
  /** Never over a hop without TLS (RFC 8689 §2). */
  readonly requireTls?: true
  /** What kinds of solicitation the message is, as the sender says (RFC 3865 §2.5). */
  readonly solicitations?: readonly string[]
}

export const MAIL_PARAMETERS: readonly ParameterRow<MailParameters>[] = [
  size,
  body,
  smtpUtf8,
  auth,
  ret,
  envid,
  by,
  holdFor,
  holdUntil,
  mtPriority,
  requireTls,
  solicit,
]
