/**
 * The server's side of IMAP: a machine without I/O, and the session it asks.
 * @packageDocumentation
 */
export { COMMANDS } from './commands.ts'
export type { CommandRow, Done, State } from './command-row.ts'
export { farewell } from './farewell.ts'
export { ImapServerMachine } from './machine.ts'
export type { ImapQuestion, ImapServerOptions } from './options.ts'
export { ImapRefusal, refusals } from './refusal.ts'
export { serverRole, type ConnectionOptions } from './role.ts'
export {
  extensionsOf,
  type AppendSink,
  type AppendTarget,
  type Copied,
  type Found,
  type FullSession,
  type ImapSession,
  type ListedMailbox,
  type SelectedMailbox,
  type SessionCondstore,
  type SessionIdle,
  type SessionMove,
  type SessionSearchResult,
  type SessionTraits,
  type Stored,
} from './session.ts'
export { MailboxTracker, type TrackedRow } from './tracker.ts'
