import type { Extension, Offer } from '../extensions.ts'
import type { MailParameters } from '../parameters/mail-parameters.ts'
import type { OutgoingRecipient, OutgoingTransaction } from './errand.ts'
import type { Form } from './form.ts'

/** What stands behind MAIL FROM. Read anew for each transaction, because time goes by. */
export function mailParameters(
  transaction: OutgoingTransaction,
  { size, body }: Form,
  usesUtf8: boolean,
  offer: Offer,
): MailParameters {
  const { auth, envelopeId, deliverBy, holdFor, holdUntil, priority, requireTls, solicitations } = transaction
  const all: Partial<Record<Extension, MailParameters>> = {
    SIZE: defined({ size }),
    AUTH: defined({ auth }),
    DSN: defined({ return: transaction.return, envelopeId }),
    DELIVERBY: canDeliverBy(transaction, offer) ? defined({ deliverBy }) : {},
    FUTURERELEASE: defined({ holdFor, holdUntil }),
    'MT-PRIORITY': defined({ priority }),
    REQUIRETLS: requireTls === true ? { requireTls } : {},
    'NO-SOLICITING': defined({ solicitations }),
  }
  const offered = Object.entries(all).flatMap(([keyword, each]) => (offer.has(keyword) ? [each] : []))
  return Object.assign(
    {},
    ...offered,
    defined({ body }),
    usesUtf8 ? { smtpUtf8: true } : {},
  ) as MailParameters
}

/** What the recipient was to have, and this server does not know. */
export function missingFor(
  transaction: OutgoingTransaction,
  { parameters }: OutgoingRecipient,
  offer: Offer,
): readonly Extension[] {
  const { envelopeId, deliverBy, priority, solicitations } = transaction
  const isAsked = [parameters?.notify, parameters?.originalRecipient, transaction.return, envelopeId]
  const wanted: readonly (readonly [Extension, boolean])[] = [
    ['DSN', isAsked.some((each) => each !== undefined) && !offer.has('DSN')],
    ['DELIVERBY', deliverBy !== undefined && !canDeliverBy(transaction, offer)],
    ['MT-PRIORITY', priority !== undefined && !offer.has('MT-PRIORITY')],
    ['NO-SOLICITING', solicitations !== undefined && !offer.has('NO-SOLICITING')],
  ]
  return wanted.flatMap(([extension, isMissing]) => (isMissing ? [extension] : []))
}

/** A server that needs more time than is left might as well know nothing of DELIVERBY. */
// RFC 2852 §3: min-by-time
export function canDeliverBy({ deliverBy }: OutgoingTransaction, offer: Offer): boolean {
  const minimum = offer.get('DELIVERBY')
  return deliverBy !== undefined && minimum !== undefined && deliverBy.seconds >= Number(minimum || 0)
}

/** Without the fields that are undefined. */
function defined<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined)
  return Object.fromEntries(entries) as { [K in keyof T]?: Exclude<T[K], undefined> }
}
