import { replies } from '../../replies.ts'
import type { PlainCommand } from '../../verb/plain.ts'
import type { Dialogue } from '../dialogue.ts'
import { askToTurn, checkTurn } from '../turning.ts'
import type { VerbRow } from './row.ts'

/** As ATRN without domains, for those who know no other. Whoever it is has proved it, and nobody else can read along. */
// RFC 821 §3.8, RFC 5321 §F.1
export const turn: VerbRow<PlainCommand> = {
  verb: 'TURN',
  inOdmr: true,
  beforeTls: false,
  needsHelo: true,
  needsAuth: 'always',
  needsTls: true,
  needsTransaction: false,
  pipelinedBehind: 'refuse',
  countsAsJunk: true,
  available: (dialogue) => (isTurnable(dialogue) ? undefined : replies.notImplemented),
  check: checkTurn,
  proceed: (dialogue) => askToTurn(dialogue, { by: 'TURN', domains: [] }),
  help: 'TURN',
  rfc: 'RFC 821 §3.8',
}

/** The session allows it, and TLS is there or can be had. */
export function isTurnable({ session, tls, policy }: Dialogue): boolean {
  return (
    session.turn !== undefined && session.isTurnAllowed === true && (tls !== undefined || policy.startTls)
  )
}
