import type * as contract from '@cartero/contracts/spool/envelope'

import { ContractError } from './contract-error.ts'
import type { Envelope, EnvelopeRecipient } from '../ports.ts'
import { defined } from './defined.ts'

export function encodeEnvelope(envelope: Envelope): contract.Envelope {
  const { requireTls, tlsOptional, smtpUtf8, deliverBy, holdUntil, recipients, ...same } = envelope
  return {
    ...same,
    recipients: recipients.map(({ notify, ...recipient }) => ({ ...recipient, notify: notify ?? [] })),
    smtpUtf8: smtpUtf8 ?? false,
    requireTls: requireTls ?? false,
    tlsOptional: tlsOptional ?? false,
    ...(deliverBy && { deliverBy: { ...deliverBy, at: BigInt(deliverBy.at) } }),
    ...(holdUntil !== undefined && { holdUntil: BigInt(holdUntil) }),
  }
}

/** Throws ContractError for an envelope without a client: whoever wrote it did not keep to the contract. */
export function decodeEnvelope(envelope: contract.Envelope): Envelope {
  const { client, deliverBy, holdUntil, smtpUtf8, requireTls, tlsOptional, recipients, ...same } = envelope
  if (client === undefined) throw new ContractError('an envelope says who handed it over')
  return defined({
    ...(same as Pick<Envelope, keyof typeof same>),
    client,
    recipients: recipients.map(decodeRecipient),
    smtpUtf8: smtpUtf8 || undefined,
    requireTls: requireTls || undefined,
    tlsOptional: tlsOptional || undefined,
    deliverBy: deliverBy && {
      ...(deliverBy as { readonly mode: 'return' | 'notify'; readonly trace: boolean }),
      at: Number(deliverBy.at),
    },
    holdUntil: holdUntil === undefined ? undefined : Number(holdUntil),
  })
}

function decodeRecipient({
  notify,
  originalRecipient,
  address,
}: contract.EnvelopeRecipient): EnvelopeRecipient {
  return defined({
    address,
    notify: notify.length > 0 ? (notify as NonNullable<EnvelopeRecipient['notify']>) : undefined,
    originalRecipient,
  })
}
