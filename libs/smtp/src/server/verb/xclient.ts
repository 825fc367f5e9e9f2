import { replies } from '../../replies.ts'
import { ReplyError } from '../../reply-error.ts'
import type { ProxiedCommand } from '../../verb/proxied.ts'
import { GreetingPhase } from '../greeting-phase.ts'
import type { VerbRow } from './row.ts'

/** A trusted proxy says for whom it speaks; the client it speaks for is then greeted. */
// Postfix XCLIENT_README
export const xclient: VerbRow<ProxiedCommand> = {
  verb: 'XCLIENT',
  beforeTls: true,
  needsHelo: false,
  needsAuth: false,
  needsTransaction: false,
  pipelinedBehind: 'read',
  countsAsJunk: true,
  available: ({ session }) => (session.xclient === undefined ? replies.proxyNotTrusted : undefined),
  check: ({ transaction }) => {
    if (transaction !== undefined) throw new ReplyError(replies.badSequence('a transaction is open'))
  },
  question: (_dialogue, { client }) => ({ kind: 'xclient', client }),
  proceed: (dialogue, { client }) => {
    dialogue.client = undefined
    dialogue.extensions = new Set()
    dialogue.account = client.login ?? undefined
    dialogue.phase = new GreetingPhase()
  },
  help: 'XCLIENT <attribute>=<value> ...',
  rfc: 'RFC 5321 §4.1.5',
}
