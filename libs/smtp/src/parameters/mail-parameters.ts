import type { Mailbox } from '@cartero/syntax'
import { auth } from './auth.ts'
import { body } from './body.ts'
import type { ParameterRow } from './row.ts'
import { size } from './size.ts'
import { smtpUtf8 } from './smtputf8.ts'

/** What may stand behind the path in MAIL FROM. */
export interface MailParameters {
  /** Octets that the client believes the message to have. */
  readonly size?: number
  readonly body?: '7BIT' | '8BITMIME'
  readonly smtpUtf8?: true
  readonly auth?: Mailbox | '<>'
}

// RFC 3461 §4 todo: RET, ENVID
export const MAIL_PARAMETERS: readonly ParameterRow<MailParameters>[] = [size, body, smtpUtf8, auth]
