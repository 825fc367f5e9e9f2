import { readLogin } from '../../command/login.ts'
import { ask, ok, type CommandRow } from '../command-row.ts'
import { ImapRefusal, refusals } from '../refusal.ts'

/** RFC 3501 §6.2.3 */
export const login: CommandRow = {
  name: 'LOGIN',
  state: 'notAuthenticated',
  expunges: true,
  read: (decoder, facts) => {
    const { user, password } = readLogin(decoder)
    if (!facts.login) throw facts.tls ? refusals.cannot('Passwords are not taken here') : needsTls()
    return ask(async (session) => {
      await session.login(user, password)
      return ok('Logged in', { enter: 'authenticated', announces: true })
    })
  },
}

function needsTls(): ImapRefusal {
  return new ImapRefusal({ code: 'PRIVACYREQUIRED' }, 'Passwords need TLS')
}
