import { replies } from '../../replies.ts'
import { ReplyError } from '../../reply-error.ts'
import { formatNode, type EtrnCommand } from '../../verb/etrn.ts'
import type { VerbRow } from './row.ts'

/** Asks that what waits for a host is tried now. Nothing is given to who asks: the server goes where it would have gone. */
// RFC 1985 §5
export const etrn: VerbRow<EtrnCommand> = {
  verb: 'ETRN',
  beforeTls: false,
  needsHelo: true,
  needsAuth: true,
  needsTransaction: false,
  pipelinedBehind: 'read',
  countsAsJunk: true,
  available: ({ session }) => (session.etrn === undefined ? replies.notImplemented : undefined),
  check: ({ transaction }) => {
    if (transaction !== undefined) throw new ReplyError(replies.badSequence('a transaction is open'))
  },
  question: (_dialogue, { node }) => ({ kind: 'etrn', node }),
  proceed: (dialogue, { node }, verdict) => dialogue.say(verdict ?? replies.queueStarted(formatNode(node))),
  help: 'ETRN <domain>, @<domain> or #<queue>',
  rfc: 'RFC 1985 §5',
}
