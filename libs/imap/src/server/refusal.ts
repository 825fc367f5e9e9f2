import type { ResponseCode } from '../response-code.ts'

/**
 * A session does not do what was asked. `text` and `code` are the public face, said to the client after `NO`;
 * `cause` is the private one. Whatever else a session throws is answered `NO [SERVERBUG]`.
 */
export class ImapRefusal extends Error {
  override readonly name = 'ImapRefusal'
  readonly code: ResponseCode | undefined

  /** @param text for the client's user: ASCII, without addresses of ours */
  constructor(code: ResponseCode | undefined, text: string, options?: ErrorOptions) {
    super(text, options)
    this.code = code
  }
}

/** The refusals that more than one place has to give (RFC 5530 §3). */
export const refusals = {
  authenticationFailed: (cause?: unknown) =>
    new ImapRefusal({ code: 'AUTHENTICATIONFAILED' }, 'Invalid credentials', { cause }),
  noMailbox: () => new ImapRefusal({ code: 'NONEXISTENT' }, 'No such mailbox'),
  tryCreate: () => new ImapRefusal({ code: 'TRYCREATE' }, 'No such mailbox'),
  mailboxExists: () => new ImapRefusal({ code: 'ALREADYEXISTS' }, 'Mailbox already exists'),
  cannot: (text: string) => new ImapRefusal({ code: 'CANNOT' }, text),
  limit: (text: string) => new ImapRefusal({ code: 'LIMIT' }, text),
  overQuota: () => new ImapRefusal({ code: 'OVERQUOTA' }, 'Quota exceeded'),
  tooBig: () => new ImapRefusal({ code: 'TOOBIG' }, 'Message is too large'),
  readOnly: () => new ImapRefusal({ code: 'NOPERM' }, 'Mailbox is open read-only'),
  unavailable: (cause?: unknown) =>
    new ImapRefusal({ code: 'UNAVAILABLE' }, 'Service is temporarily unavailable', { cause }),
} as const
