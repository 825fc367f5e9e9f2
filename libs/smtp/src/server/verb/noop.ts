import { replies } from '../../replies.ts'
import type { TextCommand } from '../../verb/plain.ts'
import type { VerbRow } from './row.ts'

// RFC 5321 §4.1.1.9
export const noop: VerbRow<TextCommand> = {
  verb: 'NOOP',
  inOdmr: true,
  beforeTls: true,
  needsHelo: false,
  needsAuth: false,
  needsTransaction: false,
  pipelinedBehind: 'read',
  countsAsJunk: true,
  proceed: (dialogue) => dialogue.say(replies.done),
  help: 'NOOP',
  rfc: 'RFC 5321 §4.1.1.9',
}
