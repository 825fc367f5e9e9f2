/**
 * The octets of messages: immutable, durable at one instant, shared by the spool and the mailstore.
 * @packageDocumentation
 */
export { clip, PIECE_OCTETS } from './octet-range.ts'
export {
  ContentStoreError,
  type ContentDraft,
  type ContentFault,
  type ContentId,
  type ContentLog,
  type ContentStore,
  type LabelledContent,
  type LogPosition,
  type OctetRange,
  type Reclaimed,
  type ReferenceOwner,
} from './ports.ts'
