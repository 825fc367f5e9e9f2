import type { FullSession } from '@cartero/imap/server'
import { ImapRefusal, serverRole, type ConnectionOptions } from '@cartero/imap/server'
import { Loopback } from '@cartero/imap/client'

/** A session with one mailbox of which tests replace what they need. */
export function stubSession(replaced: Partial<FullSession> = {}): FullSession {
  const session: FullSession = {
    updates: () => [],
    poll: () => {},
    identify: () => new Map([['name', 'stub']]),
    closed: () => {},
    mechanisms: (passwordsMayCross) => (passwordsMayCross ? ['PLAIN'] : []),
    startSasl: () => ({
      next: (response) => {
        if (response === undefined) return { kind: 'challenge', bytes: Buffer.from('who?') }
        if (response.toString() === 'ana') return { kind: 'success', account: 'ana' }
        return { kind: 'failure', reason: 'credentials' }
      },
    }),
    enter: () => {},
    login: (_user, password) => {
      if (password !== 'sesame')
        throw new ImapRefusal({ code: 'AUTHENTICATIONFAILED' }, 'Invalid credentials')
    },
    mailboxes: () => [{ name: 'INBOX', subscribed: true, noSelect: false }],
    subscriptions: () => ['INBOX'],
    status: () => [],
    select: (name) => ({
      name,
      exists: 1,
      recent: 0,
      uidValidity: 1,
      uidNext: 2,
      flags: [],
      permanentFlags: [],
    }),
    create: () => {},
    delete: () => {},
    rename: () => {},
    subscribe: () => {},
    append: () => ({ write: () => {}, finish: async () => ({ uidValidity: 1, uid: 1 }), abort: () => {} }),
    unselect: () => {},
    fetch: async function* () {},
    search: () => ({ sequences: [], uids: [] }),
    store: () => ({ messages: [], modified: [] }),
    expunge: () => {},
    copy: () => ({ uidValidity: 1, pairs: [] }),
    idle: () => {},
  }
  return { ...session, ...replaced }
}

/** A connection to it, after the greeting. */
export async function connect(
  session: FullSession = stubSession(),
  options: Partial<ConnectionOptions> = {},
): Promise<Loopback> {
  const role = serverRole(session, {
    greeting: 'ready',
    tls: true,
    startTls: false,
    plaintextLogin: false,
    ...options,
  })
  const client = new Loopback(role)
  await client.say('')
  return client
}

/** Logged in. */
export async function enter(
  session?: FullSession,
  options: Partial<ConnectionOptions> = {},
): Promise<Loopback> {
  const client = await connect(session, options)
  await client.say('l LOGIN ana sesame\r\n')
  return client
}
