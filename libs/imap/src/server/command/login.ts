import { readLogin } from '../../command/login.ts'
import { ask, ok, type CommandRow } from '../command-row.ts'
import { ImapRefusal } from '../refusal.ts'

/** RFC 3501 §6.2.3 */
export const login: CommandRow = {
  name: 'LOGIN',
  state: 'notAuthenticated',
  expunges: true,
  read: (decoder, facts) => {
    const { user, password } = readLogin(decoder)
    if (!facts.login) throw new ImapRefusal({ code: 'PRIVACYREQUIRED' }, 'Passwords need TLS')
    return ask(async (session) => {
      await session.login(user, password)
      return ok('Logged in', { enter: 'authenticated', announces: true })
    })
  },
}
