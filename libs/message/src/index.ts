/**
 * What is inside a message: header, fields, MIME structure, encodings, and the trace fields we add.
 * @packageDocumentation
 */
export { charsetDecoder } from './codec/charset.ts'
export { PartTextDecoder } from './codec/part-text-decoder.ts'
export { transferDecoder, type TransferDecoder } from './codec/transfer-decoder.ts'
export { contentFacts, ContentScanner, LONGEST_LINE, type ContentFacts } from './content-facts.ts'
export { ContentConverter, type ConversionOptions } from './convert/content-converter.ts'
export { ConversionError, type ConversionObstacle } from './convert/conversion-error.ts'
export { to7Bit, to8Bit, type MessageSource } from './convert/converted-content.ts'
export { LOOK_AHEAD_OCTETS } from './convert/converted-entity.ts'
export { downgradeHeader } from './downgrade/downgraded-header.ts'
export { isAddressField } from './field/address-fields.ts'
export {
  addressSpecOf,
  mailboxesOf,
  MOST_ADDRESSES,
  parseAddressList,
  type Group,
  type Mailbox,
} from './field/address-list.ts'
export { parseAutoSubmitted } from './field/auto-submitted.ts'
export { parseContentDisposition, type ContentDisposition } from './field/content-disposition.ts'
export { DEFAULT_CONTENT_TYPE, parseContentType, type ContentType } from './field/content-type.ts'
export { decodeEncodedWords } from './field/encoded-word.ts'
export { MOST_PARAMETERS, parameter, parameterText, type FieldParameters } from './field/parameters.ts'
export { mtPriorityField, parseMtPriority } from './field/mt-priority.ts'
export { parseReceived, type Received } from './field/received.ts'
export { parseReturnPath } from './field/return-path.ts'
export { solicitationsOf } from './field/solicitation.ts'
export { isTlsOptional } from './field/tls-required.ts'
export { unfold } from './field/unstructured.ts'
export { HeaderBlock, HeaderField } from './header-block.ts'
export { HEADER_LIMITS, type HeaderLimits } from './header-limits.ts'
export { HeaderScanner, type HeaderEnd } from './header-scanner.ts'
export { INDEX_LIMITS, type IndexLimits } from './mime/index-limits.ts'
export type { Address, Envelope, MessageIndex, Part } from './mime/message-index.ts'
export { MessageIndexer } from './mime/message-indexer.ts'
export { shiftedIndex, type Shift } from './mime/shifted-index.ts'
export { partAt, sectionRange, type OctetRange, type SectionKind } from './mime/section-range.ts'
export { isSigned } from './signed.ts'
export { automaticFields } from './report/automatic-fields.ts'
export {
  mayAnswerAutomatically,
  type AnswerContext,
  type AnswerDecision,
  type NoAnswerReason,
} from './report/automatic-answer.ts'
export {
  REPORT_LIMITS,
  type DeliveryAction,
  type DeliveryReport,
  type RecipientReport,
} from './report/delivery-report.ts'
export {
  formatDisposition,
  parseDisposition,
  type Disposition,
  type DispositionReport,
} from './report/disposition-report.ts'
export {
  dispositionRequest,
  type ConsentReason,
  type DispositionRequest,
} from './report/disposition-request.ts'
export { formatDeliveryReport, type DeliveryReportOptions } from './report/format-delivery-report.ts'
export { formatDispositionReport, type DispositionReportOptions } from './report/format-disposition-report.ts'
export { parseDeliveryReport } from './report/parse-delivery-report.ts'
export { parseDispositionReport } from './report/parse-disposition-report.ts'
export type { ReportAuthor, ReportMessage } from './report/report-message.ts'
export type { OriginalMessage, StreamedMessage } from './report/returned-message.ts'
export { splitTypedText, typedAddress, typedText, type TypedText } from './report/typed-text.ts'
export { octetsOf, textOf, type OctetString } from './octet-string.ts'
export { completedAddresses, type Completion } from './submission/completed-addresses.ts'
export {
  deliveredToField,
  originalRecipientField,
  receivedField,
  returnPathField,
  transmissionType,
  type ReceivedTrace,
  type Reception,
} from './trace.ts'
