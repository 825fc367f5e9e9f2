import type { MailHost } from '@cartero/routing'

import type { Explanation, WayExplained } from './explain-verbs.ts'

/** What the doors say, whoever writes. */
export interface Circumstances {
  /** Of the address; undefined when it is taken. */
  readonly refusal: Reply | undefined
  /** Whether there is mail for other hosts at all. */
  readonly routesOut: boolean
}

/** What is said to RCPT. */
interface Reply {
  readonly code: number
  readonly status?: string | undefined
  readonly lines: readonly string[]
}

/** What would become of mail for an address, one sentence for each who gets it; never none. */
export function conclusionsOf(
  { address, verdict, mailboxes, customers, ways }: Omit<Explanation, 'conclusions'>,
  { refusal, routesOut }: Circumstances,
): readonly string[] {
  const refused = refusal && `would be refused at RCPT: ${replyWords(refusal)}`
  if (refused !== undefined) return [refused]
  const full = customers.find(({ octets, quota }) => octets >= quota)
  if (full !== undefined)
    return [`would be refused at RCPT for now: as much waits for ${full.account} as may (quota)`]
  const readers = [
    ...mailboxes.map(({ account }) => `would be delivered to the mailbox ${account}`),
    ...customers.map(({ recipient, account }) => {
      const who =
        account === ''
          ? 'nobody, for the domain has no customer any more'
          : `${account} to come for it (ATRN)`
      return recipient === address
        ? `would wait for ${who}`
        : `would go on to ${recipient}, and wait for ${who}`
    }),
  ]
  if (!routesOut && readers.length === 0)
    return ['would be refused at RCPT: this system sends nothing to other hosts (relay.mode)']
  const forwarded = ways.map((way) => {
    const isForward = verdict === 'mailbox' && way.recipient.toLowerCase() !== address.toLowerCase()
    return isForward ? `would go on to ${way.recipient}, and ${conclusionOf(way)}` : conclusionOf(way)
  })
  return [...readers, ...forwarded]
}

function replyWords({ code, status, lines }: Reply): string {
  return [code, ...(status === undefined ? [] : [status]), ...lines].join(' ')
}

const PORT = 25

function conclusionOf({ mode, hosts, tls, login }: WayExplained): string {
  if (hosts === undefined) return 'would be given back at once: a rule lets nobody write there'
  if (mode === 'hold') return 'would be held until an operator releases it (relay.mode)'
  if (hosts.kind === 'none') return unsent(hosts)
  const demands = tls?.demands ?? []
  const first = hosts.hosts.findIndex((_, i) => typeof demands[i] !== 'object')
  const host = hosts.hosts[first]
  if (host === undefined) return unsent(mostPatient(demands.filter((demand) => typeof demand === 'object')))
  const demand = demands[first]
  const security = typeof demand === 'string' ? ` ${DEMANDS[demand]}` : ''
  return `would be sent to ${nameOf(host)}${security}${login === undefined ? '' : `, logged in as ${login}`}`
}

interface Objection {
  readonly status: string
  readonly reason: string
}

// RFC 3463 §2: 5 is for good
function unsent({ status, reason }: Objection): string {
  const what = status.startsWith('5') ? 'would be given back at once' : 'would wait'
  return `${what}: ${status} ${reason}`
}

/** What may mend itself weighs more: then the mail waits. */
function mostPatient(objections: readonly Objection[]): Objection {
  return objections.find(({ status }) => status.startsWith('4')) ?? objections[0]!
}

const DEMANDS = {
  none: 'without TLS',
  opportunistic: 'under TLS if that is offered',
  encrypt: 'under TLS',
  verify: 'under TLS (verified)',
  dane: 'under TLS (dane)',
} as const

function nameOf({ name, port }: MailHost): string {
  return port === PORT ? name : `${name} port ${port}`
}
