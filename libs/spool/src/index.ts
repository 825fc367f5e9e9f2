/**
 * Mail we promised to forward: accepted, routed, leased, settled.
 * @packageDocumentation
 */
export {
  SpoolError,
  type Delivery,
  type DeliveryId,
  type DeliveryRecipient,
  type DeliveryState,
  type DeliverySummary,
  type Envelope,
  type EnvelopeRecipient,
  type FoundInContent,
  type Intake,
  type IntakeDraft,
  type NextHop,
  type Outcome,
  type QueueId,
  type RecipientOutcome,
  type RecipientProblem,
  type Routed,
  type Spool,
  type SpooledMessage,
} from './ports.ts'
export {
  destinationOf,
  isCollected,
  nextHopOf,
  OTHER_DESTINATIONS,
  type Change,
  type ChangeProgress,
  type DeliveryFilter,
  type DeliveryPage,
  type DestinationName,
  type DueDestination,
  type LeaseTerms,
  type MessageView,
  type OutboundQueue,
  type QueueOffice,
  type ShapeCell,
  type ShapeWish,
  type UncollectedMail,
} from './queue.ts'
export { DEAD_LETTER_RETENTION_MS } from './ledger/item.ts'
export { QueueIds, type RandomOctets } from './queue-id.ts'
export { HOUR_MS } from './ledger/shape.ts'
export { INLET_MEMORY_MS, type HandedOver, type SpoolInlet } from './handover/ports.ts'
