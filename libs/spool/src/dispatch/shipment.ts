import {
  parseForwardPath,
  parseReversePath,
  type Content,
  type OutgoingRecipient,
  type OutgoingTransaction,
} from '@cartero/smtp/client'
import { enhancedStatus, parseMailbox } from '@cartero/syntax'
import type { Clock } from '@cartero/wire'

import type { Trouble } from '../notices/index.ts'
import type { Delivery, DeliveryRecipient, Envelope, EnvelopeRecipient } from '../ports.ts'

/** A delivery with its octets at hand. */
export interface Load {
  readonly delivery: Delivery
  /** The message, our trace fields in front. */
  readonly content: Content
  /** There are header fields in UTF-8. */
  readonly hasUtf8Header: boolean
}

/** A delivery as the client machine takes it. */
export interface Shipment extends OutgoingTransaction {
  readonly load: Load
  /** Why a recipient cannot be named to any host, in the order of the delivery's recipients. Absent: all can. */
  readonly unsayable?: readonly (Trouble | undefined)[]
}

export interface ShipmentOptions {
  readonly clock: Clock
  /** The host is one that the operator has named: it may know who submitted. */
  readonly isTrusted: boolean
}

/** What the next host is told of a delivery. */
export function shipmentOf(load: Load, { clock, isTrusted }: ShipmentOptions): Shipment {
  const { delivery, content, hasUtf8Header } = load
  const { envelope, prefix, size } = delivery.message
  const reversePath = parseReversePath(delivery.sender ?? envelope.reversePath)
  const named = nameAll(delivery.recipients, envelope)
  const unsayable = reversePath === null ? named.map(() => BAD_SENDER) : troublesOf(named)
  return {
    load,
    reversePath: reversePath ?? undefined,
    recipients: reversePath === null ? [] : named.filter((each) => each !== undefined),
    ...(unsayable && { unsayable }),
    size: prefix.length + size,
    content,
    ...wishes(envelope, clock),
    ...(hasUtf8Header && { smtpUtf8: true }),
    ...(isTrusted && submitterOf(envelope)),
  }
}

const BAD_SENDER: Trouble = {
  kind: 'failed',
  status: enhancedStatus(5, 'badSenderSyntax'),
  reason: 'the sender is no address that could be said in SMTP',
}

const BAD_RECIPIENT: Trouble = {
  kind: 'failed',
  status: enhancedStatus(5, 'badDestinationSyntax'),
  reason: 'it is no address that could be said in SMTP',
}

function troublesOf(named: readonly unknown[]): readonly (Trouble | undefined)[] | undefined {
  return named.includes(undefined)
    ? named.map((each) => (each === undefined ? BAD_RECIPIENT : undefined))
    : undefined
}

function nameAll(
  recipients: readonly DeliveryRecipient[],
  envelope: Envelope,
): readonly (OutgoingRecipient | undefined)[] {
  const addressed = new Map(envelope.recipients.map((each) => [each.address, each]))
  return recipients.map((recipient) => outgoing(recipient, addressed.get(recipient.address)))
}

/** Undefined when it has no address that could be said. */
function outgoing(
  { address, forward, expanded }: DeliveryRecipient,
  addressed: EnvelopeRecipient | undefined,
): OutgoingRecipient | undefined {
  const path = parseForwardPath(forward ?? address)
  if (path === null) return undefined
  const { notify, originalRecipient } = addressed ?? {}
  if (notify === undefined && originalRecipient === undefined) return { path }
  const conditions = expanded ? withoutSuccess(notify) : notify
  return {
    path,
    parameters: {
      ...(conditions && { notify: conditions }),
      ...(originalRecipient !== undefined && { originalRecipient }),
    },
  }
}

/** Of an address that stands for several, success was told when it was expanded. */
// RFC 3461 §5.2.7.3
function withoutSuccess(notify: EnvelopeRecipient['notify']): EnvelopeRecipient['notify'] {
  if (notify?.includes('success') !== true) return notify
  const others = notify.filter((condition) => condition !== 'success')
  return others.length === 0 ? ['never'] : others
}

const BODIES = { '7BIT': '7bit', '8BITMIME': '8bit', BINARYMIME: 'binary' } as const

/** What the sender asked for the whole message. */
function wishes(envelope: Envelope, clock: Clock): Partial<OutgoingTransaction> {
  const { body, envelopeId, deliverBy, priority, requireTls, display } = envelope
  return {
    ...(body !== undefined && { body: BODIES[body] }),
    ...(envelope.return !== undefined && { return: envelope.return }),
    ...(envelopeId !== undefined && { envelopeId }),
    ...(deliverBy !== undefined && countedDown(deliverBy, clock)),
    ...(priority !== undefined && { priority }),
    ...(requireTls && { requireTls }),
    ...(display !== undefined && { verb: VERBS[display] }),
  }
}

// RFC 821 §3.4
const VERBS = { send: 'SEND', soml: 'SOML', saml: 'SAML' } as const

/** What is left of the time when it is said. */
// RFC 2852 §4
function countedDown(
  { at, mode, trace }: NonNullable<Envelope['deliverBy']>,
  clock: Clock,
): Pick<OutgoingTransaction, 'deliverBy'> {
  const seconds = (): number => Math.floor((at - clock.now()) / 1_000)
  return {
    deliverBy: {
      get seconds() {
        return seconds()
      },
      mode,
      trace,
    },
  }
}

/** Who submitted it; nobody else than a host that is trusted with it is told. */
// RFC 4954 §5
function submitterOf({ submitter }: Envelope): Pick<OutgoingTransaction, 'auth'> {
  if (submitter === undefined) return {}
  const auth = submitter === '<>' ? submitter : parseMailbox(submitter)
  return auth === undefined ? {} : { auth }
}
