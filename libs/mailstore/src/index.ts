/**
 * Mail kept for its user: mailboxes, messages with uids and flags, and what changed since when.
 * @packageDocumentation
 */
export { defaultLimits, type MailStoreLimits } from './limits.ts'
export * from './ports.ts'
