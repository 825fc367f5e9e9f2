import { replies } from '../../replies.ts'
import type { LookUpCommand } from '../../verb/look-up.ts'
import type { VerbRow } from './row.ts'

const both = {
  beforeTls: false,
  needsHelo: false,
  needsAuth: true,
  needsTransaction: false,
  pipelinedBehind: 'read',
  countsAsJunk: true,
} satisfies Partial<VerbRow<LookUpCommand>>

/** Without the capability the answer neither confirms nor denies. */
// RFC 5321 §3.5.3, RFC 5321 §7.3
export const vrfy: VerbRow<LookUpCommand> = {
  ...both,
  verb: 'VRFY',
  question: ({ session }, { text }) => (session.verify === undefined ? undefined : { kind: 'verify', text }),
  proceed: (dialogue, _command, verdict) => dialogue.say(verdict ?? replies.cannotVerify),
  help: 'VRFY <user>',
  rfc: 'RFC 5321 §4.1.1.6',
}

// RFC 5321 §4.1.1.7
export const expn: VerbRow<LookUpCommand> = {
  ...both,
  verb: 'EXPN',
  question: ({ session }, { text }) => (session.expand === undefined ? undefined : { kind: 'expand', text }),
  proceed: (dialogue, _command, verdict) => dialogue.say(verdict ?? replies.notImplemented),
  help: 'EXPN <list>',
  rfc: 'RFC 5321 §4.1.1.7',
}
