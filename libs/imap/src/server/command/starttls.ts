import type { CommandRow } from '../command-row.ts'
import { ImapRefusal } from '../refusal.ts'

/** RFC 3501 §6.2.1 */
export const startTls: CommandRow = {
  name: 'STARTTLS',
  state: 'notAuthenticated',
  expunges: true,
  read: (decoder, facts) => {
    decoder.expectEnd()
    if (facts.tls) decoder.fault('a command that makes sense within TLS')
    if (!facts.startTls) throw new ImapRefusal({ code: 'CANNOT' }, 'TLS cannot be had here')
    return { kind: 'startTls' }
  },
}
