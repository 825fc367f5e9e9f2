/**
 * Words that several mail standards share: domains, addresses, status codes, dates, message ids.
 * @packageDocumentation
 */
export {
  ADDRESS_LITERAL_OCTETS,
  formatAddressLiteral,
  parseAddressLiteral,
  type AddressLiteral,
} from './address-literal.ts'
export { AddressScanner } from './address-scanner.ts'
export { ALPHA, ATEXT, DIGIT, isAscii, isAsciiText, LDH, LET_DIG, QTEXT, VCHAR, withUtf8 } from './ascii.ts'
export { DOMAIN_OCTETS, LABEL_OCTETS, parseDomain, type Domain } from './domain.ts'
export {
  enhancedStatus,
  parseEnhancedStatus,
  splitEnhancedStatus,
  STATUS_DETAILS,
  type EnhancedStatus,
  type StatusDetail,
} from './enhanced-status.ts'
export { formatLocalPart, LOCAL_PART_OCTETS } from './local-part.ts'
export { formatMailbox, isAsciiMailbox, parseMailbox, type Mailbox } from './mailbox.ts'
export { isSolicitationKeyword, SOLICITATIONS_OCTETS } from './solicitation.ts'
export { decodeUtf8 } from './utf8.ts'
export { decodeUtf8Address, encodeUtf8Address } from './utf8-address.ts'
export { decodeXtext, encodeXtext } from './xtext.ts'
export { formatDateTime, parseDateTime, type DateTime } from './date-time.ts'
export {
  makeMessageId,
  MOST_MESSAGE_IDS,
  parseMessageId,
  parseMessageIds,
  type MessageId,
} from './message-id.ts'
