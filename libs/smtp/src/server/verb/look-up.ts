import { isAsciiText } from '@cartero/syntax'
import { replies } from '../../replies.ts'
import { isPositive, type Reply } from '../../reply.ts'
import type { LookUpCommand } from '../../verb/look-up.ts'
import type { Dialogue } from '../dialogue.ts'
import type { VerbRow } from './row.ts'

const both = {
  beforeTls: false,
  needsHelo: false,
  needsAuth: true,
  needsTransaction: false,
  pipelinedBehind: 'read',
  countsAsJunk: true,
  sayRefused: (dialogue: Dialogue, command: LookUpCommand, verdict: Reply) =>
    answer(dialogue, command, verdict),
} satisfies Partial<VerbRow<LookUpCommand>>

/** Without the capability the answer neither confirms nor denies. */
// RFC 5321 §3.5.3, RFC 5321 §7.3
export const vrfy: VerbRow<LookUpCommand> = {
  ...both,
  verb: 'VRFY',
  question: ({ session }, { text, smtpUtf8 }) =>
    session.verify === undefined ? undefined : { kind: 'verify', text, smtpUtf8 },
  proceed: (dialogue, command, verdict) => answer(dialogue, command, verdict ?? replies.cannotVerify),
  help: 'VRFY <user>',
  parameters: [{ keyword: 'SMTPUTF8', extension: 'SMTPUTF8' }],
  rfc: 'RFC 5321 §4.1.1.6',
}

// RFC 5321 §4.1.1.7
export const expn: VerbRow<LookUpCommand> = {
  ...both,
  verb: 'EXPN',
  available: ({ session }) => (session.expand === undefined ? replies.notImplemented : undefined),
  question: (_dialogue, { text, smtpUtf8 }) => ({ kind: 'expand', text, smtpUtf8 }),
  proceed: (dialogue, command, verdict) => answer(dialogue, command, verdict ?? replies.notImplemented),
  help: 'EXPN <list>',
  parameters: [{ keyword: 'SMTPUTF8', extension: 'SMTPUTF8' }],
  rfc: 'RFC 5321 §4.1.1.7',
}

/** UTF-8 is said to whoever asked for it; to others, what cannot be said without it is replaced by a reply that says so. */
// RFC 6531 §3.7.4.2
function answer(dialogue: Dialogue, { verb, smtpUtf8 }: LookUpCommand, reply: Reply): void {
  if (reply.lines.every(isAsciiText) || (!smtpUtf8 && !isPositive(reply))) return dialogue.say(reply)
  if (smtpUtf8) return dialogue.say({ ...reply, utf8: true })
  dialogue.say(verb === 'VRFY' ? replies.verifiedInUtf8 : replies.expandedInUtf8)
}
