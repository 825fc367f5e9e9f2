import { replies } from '../../replies.ts'
import { ReplyError } from '../../reply-error.ts'
import type { ProxiedCommand } from '../../verb/proxied.ts'
import type { VerbRow } from './row.ts'

/** A trusted filter says where the next message came from. */
// Postfix XFORWARD_README
export const xforward: VerbRow<ProxiedCommand> = {
  verb: 'XFORWARD',
  beforeTls: false,
  needsHelo: true,
  needsAuth: false,
  needsTransaction: false,
  pipelinedBehind: 'read',
  countsAsJunk: true,
  available: ({ session }) => (session.xforward === undefined ? replies.proxyNotTrusted : undefined),
  check: ({ transaction }) => {
    if (transaction !== undefined) throw new ReplyError(replies.badSequence('a transaction is open'))
  },
  question: (_dialogue, { client }) => ({ kind: 'xforward', client }),
  proceed: (dialogue, _command, verdict) => dialogue.say(verdict ?? replies.done),
  help: 'XFORWARD <attribute>=<value> ...',
  rfc: 'RFC 5321 §4.1.5',
}
