import { readAuthenticate } from '../../command/authenticate.ts'
import type { CommandRow } from '../command-row.ts'
import { ImapRefusal } from '../refusal.ts'
import { SaslExchange } from '../sasl-exchange.ts'

/** RFC 3501 §6.2.2, RFC 4959 */
export const authenticate: CommandRow = {
  name: 'AUTHENTICATE',
  state: 'notAuthenticated',
  expunges: true,
  read: (decoder, { mechanisms, login, tls }) => {
    const command = readAuthenticate(decoder)
    if (!mechanisms.includes(command.mechanism)) {
      throw new ImapRefusal(
        { code: login || tls ? 'CANNOT' : 'PRIVACYREQUIRED' },
        'Mechanism is not on offer',
      )
    }
    return { kind: 'exchange', start: (floor) => new SaslExchange(floor, command) }
  },
}
