import { replies } from '../../replies.ts'
import { ReplyError } from '../../reply-error.ts'
import type { AtrnCommand } from '../../verb/atrn.ts'
import { askToTurn, checkTurn } from '../turning.ts'
import type { VerbRow } from './row.ts'

/** Turns the connection around, to give out the mail of domains that are the client's. */
// RFC 2645 §5.2.1
export const atrn: VerbRow<AtrnCommand> = {
  verb: 'ATRN',
  inOdmr: true,
  beforeTls: false,
  needsHelo: true,
  needsAuth: 'always',
  needsTransaction: false,
  pipelinedBehind: 'refuse',
  countsAsJunk: true,
  available: ({ session }) => (session.turn === undefined ? replies.notImplemented : undefined),
  check: (dialogue, { domains }) => {
    checkTurn(dialogue)
    const { turnDomains } = dialogue.policy.limits
    if (domains.length > turnDomains) throw new ReplyError(replies.tooManyDomains(turnDomains))
  },
  proceed: (dialogue, { domains }) => askToTurn(dialogue, { by: 'ATRN', domains }),
  help: 'ATRN [<domain>[,<domain>...]]',
  rfc: 'RFC 2645 §5.2.1',
}
