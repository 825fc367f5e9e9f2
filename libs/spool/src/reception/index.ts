/**
 * The half of an SMTP session that ends in an intake: MX, submission, and whoever else receives mail by SMTP.
 * @packageDocumentation
 */
export { AddressLimits } from './address-limits.ts'
export type { Client } from './client.ts'
export {
  EtrnDesk,
  MOST_NAMED_DOMAINS,
  type Asker,
  type EtrnDeskOptions,
  type EtrnEvents,
} from './etrn-desk.ts'
export { DEFAULT_ETRN_POLICY, type EtrnPolicy, type EtrnRule } from './etrn-policy.ts'
export { farewellOf } from './farewell.ts'
export type { HeaderEdit } from './header-edit.ts'
export { DEFAULT_HEADER_SHAPE, MAX_HOPS, type HeaderShape } from './header-shape.ts'
export { isOwnPostmaster, type OwnHost } from './own-postmaster.ts'
export {
  DEFAULT_RECEPTION_POLICY,
  type AddressRates,
  type LookUpPolicy,
  type ReceptionPolicy,
} from './policy.ts'
export type { QueueStart, QueueStarter } from './queue-starter.ts'
export { MOST_ACCOUNTS, RateLimit, type Rate } from './rate-limit.ts'
export {
  ReceivingSession,
  type Accepted,
  type ReceptionOptions,
  type Terminals,
} from './receiving-session.ts'
export { COUNTED_FIELDS, type HeaderCheck } from './reception.ts'
export { recipientVerdict, withDirectory } from './recipient-verdict.ts'
export { NO_REFUSALS, RefusalLists, type NameRule, type NetworkRule, type Severity } from './refusal-lists.ts'
export { stageOf, STAGES, type Stage, type Subject } from './refusal.ts'
export type { SenderDomains } from './sender-domains.ts'
export {
  acceptedFields,
  loginEvents,
  peerOf,
  sessionEvents,
  type LoginEvents,
  type SessionEvents,
} from './session-events.ts'
