import { isTurnable } from '../verb/turn.ts'
import { provided, type ExtensionRow } from './row.ts'

/** Where it would be done now, or after a login. */
// RFC 5321 §F.1
export const turn: ExtensionRow = {
  ...provided('TURN', (dialogue) => dialogue.tls !== undefined && isTurnable(dialogue)),
  inOdmr: true,
}
