import { replies } from '../../replies.ts'
import type { PlainCommand } from '../../verb/plain.ts'
import type { VerbRow } from './row.ts'

// RFC 5321 §4.1.1.5
export const rset: VerbRow<PlainCommand> = {
  verb: 'RSET',
  inOdmr: true,
  beforeTls: true,
  needsHelo: false,
  needsAuth: false,
  needsTransaction: false,
  pipelinedBehind: 'read',
  countsAsJunk: true,
  proceed: (dialogue) => {
    dialogue.dropTransaction()
    dialogue.say(replies.done)
  },
  help: 'RSET',
  rfc: 'RFC 5321 §4.1.1.5',
}
