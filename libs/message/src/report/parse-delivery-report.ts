import { parseDateTime, parseMessageIds, type EnhancedStatus } from '@cartero/syntax'
import { addressSpecOf, mailboxesOf, parseAddressList } from '../field/address-list.ts'
import { textOf } from '../octet-string.ts'
import {
  REPORT_LIMITS,
  type DeliveryAction,
  type DeliveryReport,
  type RecipientReport,
} from './delivery-report.ts'
import { fieldGroups, readBeginning, readReport, type FieldGroup, type ReadReport } from './report-reader.ts'
import { splitTypedText, typedText, type TypedText } from './typed-text.ts'

const TYPES = ['message/delivery-status', 'message/global-delivery-status']

/**
 * Reads a delivery status notification, whoever made it; undefined when it is none, or names no recipient. Lenient:
 * what is missing is taken from what is there, and what cannot be read is left out. Bounded by `REPORT_LIMITS`. Nothing
 * in it is proved: anybody can write one.
 */
export function parseDeliveryReport(octets: Buffer): DeliveryReport | undefined
export function parseDeliveryReport(source: AsyncIterable<Uint8Array>): Promise<DeliveryReport | undefined>
export function parseDeliveryReport(
  source: Buffer | AsyncIterable<Uint8Array>,
): DeliveryReport | undefined | Promise<DeliveryReport | undefined> {
  return Buffer.isBuffer(source) ? reportIn(source) : readBeginning(source).then(reportIn)
}

function reportIn(octets: Buffer): DeliveryReport | undefined {
  const read = readReport(octets, TYPES)
  const groups = read.machine === undefined ? [] : fieldGroups(read.machine, REPORT_LIMITS.readRecipients + 1)
  const recipients = groups.flatMap(recipientReport)
  if (recipients.length === 0) recipients.push(...failedRecipients(read))
  if (recipients.length === 0) return undefined
  const [id] = parseMessageIds(textOf(read.original?.find('message-id')?.value ?? ''))
  return { ...messageReport(groups[0]), recipients, ...(id !== undefined && { originalMessageId: id }) }
}

// RFC 3464 §2.2
function messageReport(group: FieldGroup | undefined): Omit<DeliveryReport, 'recipients'> {
  const at = dateIn(group?.get('arrival-date'))
  const gateway = typedIn(group?.get('dsn-gateway'), 'dns')
  const receivedFrom = typedIn(group?.get('received-from-mta'), 'dns')
  const envelopeId = group?.get('original-envelope-id')
  return {
    reportingMta: typedIn(group?.get('reporting-mta'), 'dns') ?? '',
    ...(envelopeId !== undefined && { envelopeId }),
    ...(gateway !== undefined && { dsnGateway: gateway }),
    ...(receivedFrom !== undefined && { receivedFromMta: receivedFrom }),
    ...(at !== undefined && { arrivedAt: at }),
  }
}

// RFC 3464 §2.3
function recipientReport(group: FieldGroup): readonly RecipientReport[] {
  const original = addressIn(group.get('original-recipient'))
  const final = addressIn(group.get('final-recipient')) ?? original
  if (final === undefined) return []
  const status = /[245]\.\d{1,3}\.\d{1,3}/.exec(group.get('status') ?? '')?.[0] as EnhancedStatus | undefined
  const action = actionIn(group.get('action')) ?? (status && ACTION_OF[status[0]!]) ?? 'failed'
  const optional = {
    originalRecipient: original,
    remoteMta: typedIn(group.get('remote-mta'), 'dns'),
    diagnosticCode: typedIn(group.get('diagnostic-code'), 'smtp'),
    lastAttemptAt: dateIn(group.get('last-attempt-date')),
    finalLogId: group.get('final-log-id'),
    willRetryUntil: dateIn(group.get('will-retry-until')),
  }
  const known = Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined))
  return [{ finalRecipient: final, action, status: status ?? STATUS_OF[action], ...known }]
}

const ACTION_OF: Readonly<Record<string, DeliveryAction>> = { 2: 'delivered', 4: 'delayed', 5: 'failed' }

const STATUS_OF: Readonly<Record<DeliveryAction, EnhancedStatus>> = {
  failed: '5.0.0',
  delayed: '4.0.0',
  delivered: '2.0.0',
  relayed: '2.0.0',
  expanded: '2.0.0',
}

/** Comments may stand behind it, as in `failed (unknown user)`. */
function actionIn(value: string | undefined): DeliveryAction | undefined {
  const word = /^[a-z]+/.exec(value?.toLowerCase() ?? '')?.[0]
  return word !== undefined && word in STATUS_OF ? (word as DeliveryAction) : undefined
}

function dateIn(value: string | undefined): number | undefined {
  return value === undefined ? undefined : parseDateTime(value)?.epochMs
}

/** In canonical form, without white space around the semicolon; some leave the type out. */
export function typedIn(value: string | undefined, type: string): TypedText | undefined {
  if (value === undefined || value === '') return undefined
  const said = splitTypedText(value)
  // `<` and spaces stand in no type: then the semicolon belongs to the text.
  return /^[a-z0-9.-]+$/.test(said.type) ? typedText(said.type, said.text) : typedText(type, value)
}

/** Sendmail and others put brackets around it. */
export function addressIn(value: string | undefined): TypedText | undefined {
  const typed = typedIn(value, 'rfc822')
  if (typed === undefined) return undefined
  const { type, text } = splitTypedText(typed)
  const address = /^<(.*)>$/.exec(text)?.[1] ?? text
  return address === '' ? undefined : typedText(type, address)
}

/** Exim of old and Gmail name those who failed in the header. */
function failedRecipients({ header }: ReadReport): readonly RecipientReport[] {
  const field = header.find('x-failed-recipients')
  if (field === undefined) return []
  return mailboxesOf(parseAddressList(field.rawValue, REPORT_LIMITS.readRecipients)).map((mailbox) => ({
    finalRecipient: typedText('rfc822', textOf(addressSpecOf(mailbox))),
    action: 'failed',
    status: '5.0.0',
  }))
}
