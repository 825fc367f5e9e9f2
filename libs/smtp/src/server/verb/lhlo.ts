import type { GreetingCommand } from '../../verb/greeting.ts'
import { ehlo } from './greeting.ts'
import type { VerbRow } from './row.ts'

/** EHLO by another name, so that nobody speaks LMTP to an SMTP server by mistake. */
// RFC 2033 §4.1
export const lhlo: VerbRow<GreetingCommand> = {
  ...ehlo,
  verb: 'LHLO',
  only: ['lmtp'],
  help: 'LHLO <your host name>',
  rfc: 'RFC 2033 §4.1',
}
