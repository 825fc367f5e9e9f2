import type { Role } from '@cartero/wire'
import { ImapServerMachine } from './machine.ts'
import type { ImapQuestion, ImapServerOptions } from './options.ts'
import { extensionsOf, type FullSession } from './session.ts'

/** What the connection allows; the rest of a machine's options follows from the session. */
export type ConnectionOptions = Omit<ImapServerOptions, 'mechanisms' | 'extensions' | 'tlsStarted' | 'gone'>

/** The server's side of one connection: the machine, and the session that answers it. */
export function serverRole(session: FullSession, options: ConnectionOptions): Role {
  const machine = new ImapServerMachine({
    ...options,
    mechanisms: (tls) => session.mechanisms(tls),
    extensions: extensionsOf(session),
    tlsStarted: (tls) => session.tlsStarted?.(tls),
    gone: () => session.closed(),
  })
  return { machine, decide: (question: ImapQuestion) => question.put(session) }
}
