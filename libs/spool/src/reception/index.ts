/**
 * The half of an SMTP session that ends in an intake: MX, submission, and whoever else receives mail by SMTP.
 * @packageDocumentation
 */
export { ReceivingSession } from './receiving-session.ts'
export { MAX_HOPS, type ReceptionOptions } from './reception.ts'
export { withDirectory } from './recipient-verdict.ts'
export { stageOf, STAGES, type Stage, type Subject } from './refusal.ts'
