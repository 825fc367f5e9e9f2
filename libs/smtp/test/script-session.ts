import { deriveScramKeys, mechanismNamed, offeredMechanisms, type CredentialVerifier } from '@cartero/sasl'
import type { Role } from '@cartero/wire'
import { formatPath, type ForwardPath, type ReversePath } from '@cartero/smtp'
import {
  replies,
  ReplyError,
  type Honours,
  type ProxiedClient,
  type Reply,
  type ServedSession,
  type Verdict,
} from '@cartero/smtp/server'

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
export type Ability =
  | 'refused-greeting'
  | 'closed-greeting'
  | 'mailless-greeting'
  | 'auth'
  | 'verify'
  | 'expand'
  | 'xclient'
  | 'xforward'
  | 'broken-honours'
  | 'etrn'
  | 'atrn'
  | 'turn'
  | keyof Honours
  | 'lmtp'

/**
 * A session that decides by the local part of addresses and writes down what it is told:
 * `unknown` is refused, `full` throws a ReplyError, `bug` throws something else, `late` answers later, `humble` is told its priority;
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
    honours: () => honouring(abilities),
    mail: ({ verb, reversePath, parameters }) => {
      sender = localPartOf(reversePath)
      told.push(`${verb.toLowerCase()} <${formatPath(reversePath)}>${inWords(parameters)}`)
      return decide(sender)
    },
    rcpt: ({ forwardPath, parameters }) => {
      told.push(`rcpt <${formatPath(forwardPath)}>${inWords(parameters)}`)
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
  if (abilities.has('mailless-greeting')) session.greeting = () => replies.acceptsNoMail('mx.example')
  if (abilities.has('closed-greeting')) session.greeting = () => replies.tooManyConnections('mx.example')
  if (abilities.has('lmtp')) Object.assign(session, lmtpAbility(session, told))
  if (abilities.has('auth')) Object.assign(session, authAbility(told))
  if (abilities.has('verify')) session.verify = (text) => ANSWERS.get(text) ?? replies.noSuchMailbox
  if (abilities.has('expand'))
    session.expand = (text) =>
      replies.expanded(['<tim@mx.example>', `<${text === 'list' ? 'tom' : 'ü'}@mx.example>`])
  if (abilities.has('broken-honours'))
    session.honours = () => {
      throw new TypeError('a bug')
    }
  if (abilities.has('etrn')) session.etrn = ({ kind, name }) => queueAnswer(`${kind} ${name}`, name, told)
  if (abilities.has('atrn')) Object.assign(session, turnAbility(told, abilities.has('turn')))
  if (abilities.has('xclient')) session.xclient = (client) => proxied('xclient', client, told)
  if (abilities.has('xforward')) session.xforward = (client) => proxied('xforward', client, told)
  return session
}

/** What VRFY is told, by what it asks for. */
const ANSWERS: ReadonlyMap<string, Reply> = new Map<string, Reply>([
  ['tim', replies.verified('<tim@mx.example>')],
  ['ü', replies.verified('<ü@mx.example>')],
  ['uwe', replies.verified('<ü@mx.example>')],
  ['tom', replies.willForward('<tom@far.example>')],
  ['tam', replies.notLocal('<tam@far.example>')],
  ['jürgen', replies.notLocal('<jürgen@far.example>')],
  ['t', replies.ambiguous(['<tim@mx.example>', '<tom@mx.example>'])],
  ['all', replies.aList],
])

function proxied(kind: string, client: ProxiedClient, told: string[]): Verdict {
  told.push(`${kind}${inWords(client)}`)
  return client.name === 'spammer.example' ? replies.proxyNotTrusted : undefined
}

function queueAnswer(node: string, name: string, told: string[]): Reply {
  told.push(`etrn ${node}`)
  return QUEUE_ANSWERS[name.split('.')[0]!]?.(name) ?? replies.queueStarted(name)
}

const QUEUE_ANSWERS: Readonly<Record<string, (name: string) => Reply>> = {
  empty: replies.queueEmpty,
  some: replies.someQueued,
  many: (name) => replies.countQueued(name, 3),
  stuck: replies.queueNotStarted,
  other: (name) => replies.nodeNotAllowed(name, 'it is not yours'),
  broken: () => {
    throw new TypeError('a bug')
  },
}

/** Who asks for `late` gets a role that the session has made later; for `odd`, a yes without a role. */
function turnAbility(told: string[], isTurnAllowed: boolean): Partial<ServedSession> {
  const reversal = { reply: replies.turning, role: roleThatTells(told) }
  return {
    isTurnAllowed,
    turn: (domains, by, signal) => {
      told.push(`turn ${by} ${domains.join()}`)
      signal.addEventListener('abort', () => told.push('unheard'))
      const first = domains[0]?.split('.')[0] ?? ''
      if (first === 'late') return Promise.resolve().then(() => reversal)
      return TURN_ANSWERS[first]?.() ?? reversal
    },
  }
}

const TURN_ANSWERS: Readonly<Record<string, () => Reply>> = {
  other: () => replies.turnRefused,
  soon: () => replies.turnTooSoon,
  busy: () => replies.turnUnderWay,
  away: () => replies.cannotTurnNow,
  empty: () => replies.noMailWaiting,
  odd: () => replies.done,
  broken: () => {
    throw new TypeError('a bug')
  },
}

/** The role that has the connection next, as far as the machine before it deals with it. */
function roleThatTells(told: string[]): Role {
  const machine = { disconnected: () => void told.push('role disconnected') }
  return { machine: machine as Role['machine'], decide: () => undefined }
}

/** What the session does for messages, by its abilities. */
function honouring(abilities: ReadonlySet<Ability>): Honours {
  const all: Required<Honours> = {
    dsn: true,
    binary: true,
    deliverBy: { minimum: 60 },
    futureRelease: { seconds: 86_400, until: Date.UTC(2030, 0, 1) },
    priority: true,
    requireTls: true,
    solicitations: ['net.example:ADV'],
    terminals: true,
  }
  return Object.fromEntries(Object.entries(all).filter(([key]) => abilities.has(key as Ability)))
}

function inWords(fields: object): string {
  return Object.entries(fields)
    .map(([key, value]) => ` ${key}=${JSON.stringify(value)}`)
    .join('')
}

/** Recipients `full-later` and `gone-later` are refused at the end; a sender `too-few` has a reply less than recipients. */
function lmtpAbility({ mail, rcpt, endOfData }: ServedSession, told: string[]): Partial<ServedSession> {
  let sender = ''
  let recipients: string[] = []
  return {
    mail: (command) => {
      sender = localPartOf(command.reversePath)
      recipients = []
      return mail(command)
    },
    rcpt: async (command) => {
      const verdict = await rcpt(command)
      if (verdict === undefined) recipients.push(localPartOf(command.forwardPath))
      return verdict
    },
    endOfDataForEach: async () => {
      const reply = await endOfData()
      told.push(`for ${recipients.join()}`)
      const each = recipients.map((name) => {
        if (name === 'full-later') return replies.mailboxFull
        return name === 'gone-later' ? replies.noSuchMailbox : reply
      })
      return sender === 'too-few' ? each.slice(1) : each
    },
  }
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
    case 'mailless':
      return replies.nullMx
    case 'humble':
      return replies.priorityChanged(4)
    case 'late':
      return Promise.resolve(undefined)
    default:
      return undefined
  }
}

function localPartOf(path: ReversePath | ForwardPath): string {
  return path === undefined || path === 'postmaster' ? '' : path.localPart
}
