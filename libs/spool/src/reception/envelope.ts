import { formatPath } from '@cartero/smtp'
import type { MailCommand } from '@cartero/smtp/server'
import type { Envelope, EnvelopeRecipient } from '../ports.ts'
import type { Client } from './client.ts'

export interface EnvelopeParts {
  readonly mail: MailCommand
  readonly client: Client
  readonly recipients: readonly EnvelopeRecipient[]
  /** As far as the client may choose it. */
  readonly priority: number
  /** Whom the client may name as submitter, if it named one. */
  readonly submitter?: string | undefined
  /** Milliseconds since the epoch. */
  readonly now: number
}

/** What is promised for a message, from what the client said. Times are by the clock from here on, however long the queue is. */
export function makeEnvelope({
  mail,
  client,
  recipients,
  priority,
  submitter,
  now,
}: EnvelopeParts): Envelope {
  const { body, return: given, envelopeId, deliverBy, requireTls } = mail.parameters
  const utf8 = mail.parameters.smtpUtf8 === true
  const { account } = client
  const holdUntil = holdEnd(mail, now)
  const display = displayOf(mail.verb)
  return {
    reversePath: formatPath(mail.reversePath),
    recipients,
    client: { address: client.address, helo: client.helo, protocol: client.protocol(utf8) },
    ...(account !== undefined && { account }),
    ...(submitter !== undefined && { submitter }),
    ...(body !== undefined && { body }),
    ...(utf8 && { smtpUtf8: true }),
    ...(given !== undefined && { return: given }),
    ...(envelopeId !== undefined && { envelopeId }),
    // RFC 2852 §4: the time that is left counts from when the command came
    ...(deliverBy !== undefined && {
      deliverBy: { at: now + deliverBy.seconds * 1_000, mode: deliverBy.mode, trace: deliverBy.trace },
    }),
    ...(holdUntil !== undefined && { holdUntil }),
    ...(priority !== 0 && { priority }),
    ...(requireTls && { requireTls }),
    ...(display !== undefined && { display }),
  }
}

// RFC 4865 §4
function holdEnd({ parameters: { holdFor, holdUntil } }: MailCommand, now: number): number | undefined {
  return holdFor === undefined ? holdUntil : now + holdFor * 1_000
}

// RFC 821 §3.4
function displayOf(verb: MailCommand['verb']): Envelope['display'] {
  return verb === 'MAIL' ? undefined : (verb.toLowerCase() as 'send' | 'soml' | 'saml')
}
