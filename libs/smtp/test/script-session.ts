import { deriveScramKeys, mechanismNamed, offeredMechanisms, type CredentialVerifier } from '@cartero/sasl'
import { formatPath, type ForwardPath, type ReversePath } from '@cartero/smtp'
import { replies, ReplyError, type Reply, type ServedSession, type Verdict } from '@cartero/smtp/server'

export const LOGIN = 'tim'
export const PASSWORD = 'tanstaaftanstaaf'
/** A login for which the directory is away. */
const LOGIN_WHILE_AWAY = 'away'

const verifier: CredentialVerifier = {
  password: async (login, password) => {
    if (login === LOGIN_WHILE_AWAY) throw new Error('the directory is away')
    return login === LOGIN && password === PASSWORD ? `${LOGIN}@example.org` : undefined
  },
  scramKeys: async (login) => ({
    ...(await deriveScramKeys(PASSWORD, Buffer.from('salt'), 4096)),
    ...(login === LOGIN ? { account: `${LOGIN}@example.org` } : {}),
  }),
}

/** What a script may ask the session to be able to do. */
export type Ability = 'refused-greeting' | 'closed-greeting' | 'auth' | 'verify' | 'expand'

/**
 * A session that decides by the local part of addresses and writes down what it is told:
 * `unknown` is refused, `full` throws a ReplyError, `bug` throws something else, `late` answers later;
 * a sender `no-data`, `no-body`, `no-end`, `refused`, `end-bug` has that happen to its message.
 */
export function scriptSession(abilities: ReadonlySet<Ability>, told: string[]): ServedSession {
  let sender = ''
  const body = (octets: Buffer): undefined => {
    if (sender === 'no-body')
      throw new ReplyError(replies.storeFull, { reason: 'disk is full', fault: 'store' })
    const text = JSON.stringify(octets.toString('latin1')).slice(1, -1)
    if (told.at(-1)?.startsWith('body ') === true) told[told.length - 1] += text
    else told.push(`body ${text}`)
  }
  const session: ServedSession = {
    helo: ({ verb, name }) => {
      told.push(`helo ${verb} ${name}`)
      return name === 'spammer.example' ? replies.policyRefusal : undefined
    },
    tlsStarted: ({ version }) => void told.push(`tls ${version}`),
    mail: ({ reversePath, parameters }) => {
      sender = localPartOf(reversePath)
      told.push(
        `mail <${formatPath(reversePath)}>${Object.entries(parameters)
          .map(([k, v]) => ` ${k}=${JSON.stringify(v)}`)
          .join('')}`,
      )
      return decide(sender)
    },
    rcpt: ({ forwardPath }) => {
      told.push(`rcpt <${formatPath(forwardPath)}>`)
      return decide(localPartOf(forwardPath))
    },
    data: () => {
      told.push('data')
      return sender === 'no-data' ? replies.policyRefusal : undefined
    },
    body,
    endOfData: async (): Promise<Reply> => {
      told.push('end')
      if (sender === 'end-bug') throw new TypeError('a bug')
      return sender === 'refused' ? replies.policyRefusal : replies.queued('X1')
    },
    reset: () => void told.push('reset'),
    closed: (how) => void told.push(`closed ${how}`),
  }
  if (abilities.has('refused-greeting')) session.greeting = () => replies.noService('mx.example')
  if (abilities.has('closed-greeting')) session.greeting = () => replies.tooManyConnections('mx.example')
  if (abilities.has('auth')) Object.assign(session, authAbility(told))
  if (abilities.has('verify'))
    session.verify = (text) => (text === 'tim' ? replies.verified('<tim@mx.example>') : replies.noSuchMailbox)
  if (abilities.has('expand'))
    session.expand = () => replies.expanded(['<tim@mx.example>', '<tom@mx.example>'])
  return session
}

function authAbility(told: string[]): Partial<ServedSession> {
  return {
    mechanisms: () => offeredMechanisms({ verifier, inTheClear: true }).map(({ name }) => name),
    start: (mechanism) => mechanismNamed(mechanism)!.create({ verifier, newNonce: () => 'server-nonce' }),
    authenticated: (account, mechanism) => void told.push(`authenticated ${account} ${mechanism}`),
  }
}

function decide(localPart: string): Verdict | Promise<Verdict> {
  switch (localPart) {
    case 'unknown':
      return replies.noSuchMailbox
    case 'full':
      throw new ReplyError(replies.mailboxFull, { reason: 'quota of 1 GB reached', fault: 'store' })
    case 'bug':
      throw new TypeError('a bug')
    case 'late':
      return Promise.resolve(undefined)
    default:
      return undefined
  }
}

function localPartOf(path: ReversePath | ForwardPath): string {
  return path === undefined || path === 'postmaster' ? '' : path.localPart
}
