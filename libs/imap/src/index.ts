/**
 * IMAP4rev1 and IMAP4rev2 (RFC 3501, RFC 9051): the words both sides use.
 * @packageDocumentation
 */
export { capabilities, isRev2, type CapabilityFacts, type Extension } from './capability.ts'
export { readAppend, type AppendCommand, type LiteralHead } from './command/append.ts'
export type { CopyCommand } from './command/copy.ts'
export { readFetch, type FetchCommand } from './command/fetch.ts'
export type { ClientId } from './command/id.ts'
export { readSearch, SEARCH_CHARSETS, type SearchCommand } from './command/search.ts'
export type { StatusItem } from './command/status.ts'
export type { StoreCommand } from './command/store.ts'
export { DAY, formatDate, formatDateTime } from './date-time.ts'
export { Decoder, type DecoderOptions } from './decoder.ts'
export { Encoder, encodedWords, type EncoderOptions } from './encoder.ts'
export { encodeBodyStructure } from './body-structure.ts'
export { encodeEnvelope } from './envelope.ts'
export {
  formatSection,
  setsSeen,
  type BinaryItem,
  type FetchItem,
  type Partial,
  type Section,
  type SectionItem,
} from './fetch-item.ts'
export {
  encodeFetch,
  FetchStream,
  TornResponseError,
  type FetchedItem,
  type FetchedMessage,
} from './fetch-response.ts'
export { DEFAULT_LIMITS, LimitError, type ImapLimits } from './limits.ts'
export { matchesPattern } from './list-pattern.ts'
export { canonicalName, decodeMailboxName, DELIMITER, encodeMailboxName } from './mailbox-name.ts'
export { NumberSet, STAR, type MessageNumbers, type NumberRange } from './number-set.ts'
export { formatResponseCode, type PlainCode, type ResponseCode } from './response-code.ts'
export {
  encodeTagged,
  encodeUntagged,
  type ListAttribute,
  type ListResponse,
  type SearchResult,
  type Status,
  type StatusResponse,
  type StatusValue,
  type UntaggedResponse,
} from './response.ts'
export type { SearchKey, SearchReturn } from './search-key.ts'
