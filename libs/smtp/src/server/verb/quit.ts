import { replies } from '../../replies.ts'
import type { PlainCommand } from '../../verb/plain.ts'
import type { VerbRow } from './row.ts'

// RFC 5321 §4.1.1.10
export const quit: VerbRow<PlainCommand> = {
  verb: 'QUIT',
  inOdmr: true,
  beforeTls: true,
  needsHelo: false,
  needsAuth: false,
  needsTransaction: false,
  pipelinedBehind: 'drop',
  countsAsJunk: false,
  proceed: (dialogue) => dialogue.dismiss(replies.goodbye(dialogue.policy.hostname), 'quit'),
  help: 'QUIT',
  rfc: 'RFC 5321 §4.1.1.10',
}
