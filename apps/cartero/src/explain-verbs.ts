import { ControlError, type ControlVerbs } from '@cartero/agent/admin'
import {
  parseAddress,
  resolveOne,
  Verdict,
  DEFAULT_ADDRESS_POLICY,
  type Directory,
  type Resolution,
} from '@cartero/directory'
import type {
  Direction,
  HostPolicy,
  HostsFound,
  RouteRule,
  RouteTable,
  TlsDemand,
  TlsPolicy,
  Way,
} from '@cartero/routing'
import type { Journal } from '@cartero/journey'
import { destinationOf, type QueueOffice } from '@cartero/spool'
import { isOwnPostmaster, recipientVerdict } from '@cartero/spool/reception'
import { formatMailbox, parseMailbox } from '@cartero/syntax'

import type { CarteroConfig } from './config.ts'
import { explainCustomers, type CustomerExplained } from './explain-customers.ts'
import { conclusionsOf } from './explain-conclusions.ts'
import type { OpenWayOut } from './way-out.ts'

/** The verb that tells what would happen to mail for an `address`. */
export const EXPLAIN = 'explain'

/** What would happen now to mail for an address. */
export interface Explanation {
  /** Capitals of a local part are kept where another system has to say what they mean. */
  readonly address: string
  /** It is our own postmaster, by the name of this host: it is taken as mail for `<postmaster>`. */
  readonly rewritten?: 'postmaster'
  /** What would become of it, a sentence for each who gets it. */
  readonly conclusions: readonly string[]
  /**
   * What the directory says: `mailbox`, `customer` (it waits until its customer comes), `noSuchUser`, `notOurs`, `aliasLoop`,
   * `disabled`; or `rule`: it is not asked.
   */
  readonly verdict: 'mailbox' | 'customer' | 'noSuchUser' | 'notOurs' | 'aliasLoop' | 'disabled' | 'rule'
  /** Our mailboxes that get it. */
  readonly mailboxes: readonly { readonly account: string; readonly detail?: string }[]
  /** Customers for whom it waits. */
  readonly customers: readonly CustomerExplained[]
  /** Where it goes elsewhere. */
  readonly ways: readonly WayExplained[]
}

export interface WayExplained {
  /** Whom the next host is told: the address, or one that an alias leads to. */
  readonly recipient: string
  /** As the queue calls it; absent when nobody may write there. */
  readonly destination?: string
  /** `rule`: because a rule names it; `dns`: because nothing does. */
  readonly by: 'rule' | 'dns'
  /** What the rule matches, as it is written. */
  readonly rule?: string
  /** As whom the route logs in. */
  readonly login?: string
  /** What becomes of mail that goes there. */
  readonly mode: 'send' | 'hold' | 'refuse'
  readonly hosts?: HostsFound
  readonly tls?: TlsExplained
  /** 0 messages a minute are without limit. */
  readonly limits?: { readonly connections: number; readonly messagesPerMinute: number }
  /** What waits for that destination; absent when nothing does. */
  readonly waiting?: Waiting
}

export interface TlsExplained extends Pick<TlsPolicy, 'type' | 'text' | 'steps' | 'isTestingOnly'> {
  /** In the order of the hosts, each in a few words. */
  readonly hosts: readonly string[]
  /** The same for machines: what is demanded of each host, or why it is not used. */
  readonly demands: readonly (TlsDemand['kind'] | { readonly status: string; readonly reason: string })[]
}

export interface Waiting {
  readonly deliveries: number
  readonly octets: number
  /** Of the newest one that was tried: why it waits, and until when (milliseconds since the epoch). */
  readonly reason?: string
  readonly nextTry?: number
}

export interface ExplainStores extends Pick<OpenWayOut, 'routes' | 'hosts' | 'policies'> {
  readonly config: CarteroConfig
  readonly directory: Directory
  readonly queue: Pick<QueueOffice, 'shape' | 'list' | 'uncollected'>
  readonly journal: Pick<Journal, 'find'>
}

export function explainVerbs(stores: () => ExplainStores): ControlVerbs {
  return {
    [EXPLAIN]: (argument, signal) => {
      const { address } = (argument ?? {}) as { readonly address?: unknown }
      if (typeof address !== 'string') throw new ControlError('usage', 'an address is missing')
      return explain(address, stores(), signal)
    },
  }
}

/** Rejects with ControlError `usage` for what is no address. */
export async function explain(
  written: string,
  stores: ExplainStores,
  signal: AbortSignal,
): Promise<Explanation> {
  const parsed = parseAddress(written, DEFAULT_ADDRESS_POLICY)
  if (parsed === undefined) throw new ControlError('usage', `'${written}' is no address`)
  const { routes, directory, config } = stores
  const host = { hostname: config.hostname, address: '' }
  const found = await resolveOne(directory, parsed.text)
  const isOurs = found.verdict !== Verdict.NOT_OURS
  const isPostmaster = !isOurs && isOwnPostmaster(parseMailbox(written)!, host)
  const resolution = isPostmaster ? await resolveOne(directory, 'postmaster') : found
  // RFC 5321 §2.4: what a local part means is known to its own system alone
  const asWritten = formatMailbox(parsed)
  const isRuled = !isPostmaster && routes.namedDirectionOf(parsed.text) !== undefined
  const readers = readersOf(resolution, { routes, address: asWritten, isRuled })
  const customers = await explainCustomers(readers.collected, stores, signal)
  const ways = await Promise.all(readers.elsewhere.map((recipient) => explainWay(recipient, stores, signal)))
  const told = {
    address: isOurs && !isRuled ? parsed.text : asWritten,
    ...(isPostmaster && { rewritten: 'postmaster' as const }),
    verdict: isRuled ? ('rule' as const) : verdictOf(resolution, parsed.text),
    mailboxes: readers.mailboxes,
    customers,
    ways,
  }
  const circumstances = {
    refusal: recipientVerdict(resolution, undefined),
    routesOut: config.relay.mode !== 'refuse',
  }
  return { ...told, conclusions: conclusionsOf(told, circumstances) }
}

interface Readers {
  readonly mailboxes: Explanation['mailboxes']
  readonly collected: readonly string[]
  readonly elsewhere: readonly string[]
}

/** As the router decides it. */
function readersOf(
  { verdict, targets, forwards, collected }: Resolution,
  {
    routes,
    address,
    isRuled,
  }: { readonly routes: RouteTable; readonly address: string; readonly isRuled: boolean },
): Readers {
  if (isRuled || verdict === Verdict.NOT_OURS) return { mailboxes: [], collected: [], elsewhere: [address] }
  const isAway = (account: string): boolean => routes.namedDirectionOf(account) !== undefined
  const here = targets.filter(({ account }) => !isAway(account))
  const away = [...targets.map(({ account }) => account), ...collected].filter(isAway)
  return {
    mailboxes: here.map(({ account, detail }) => ({ account, ...(detail !== '' && { detail }) })),
    collected: collected.filter((recipient) => !isAway(recipient)),
    elsewhere: [...away, ...forwards],
  }
}

function verdictOf({ verdict, collected }: Resolution, address: string): Explanation['verdict'] {
  if (collected.includes(address)) return 'customer'
  return VERDICTS[verdict] ?? 'noSuchUser'
}

const VERDICTS: Readonly<Partial<Record<Verdict, Explanation['verdict']>>> = {
  [Verdict.ACCEPT]: 'mailbox',
  [Verdict.NO_SUCH_USER]: 'noSuchUser',
  [Verdict.NOT_OURS]: 'notOurs',
  [Verdict.ALIAS_LOOP]: 'aliasLoop',
  [Verdict.DISABLED]: 'disabled',
}

/** What mail itself may ask for is left aside. */
const NO_WISH = { required: false, optional: false }

async function explainWay(
  recipient: string,
  stores: ExplainStores,
  signal: AbortSignal,
): Promise<WayExplained> {
  const { routes, hosts, policies, config } = stores
  const direction = routes.directionOf(recipient)
  const reason = reasonOf(direction, routes.ruleFor(recipient))
  if (direction.kind === 'refuse') return { recipient, ...reason, mode: 'refuse' }
  const found = await hosts.find(direction, signal)
  const known = found.kind === 'hosts' ? found.hosts : []
  const policy = known.length > 0 ? await policies.of(direction, known, NO_WISH, signal) : undefined
  const waiting = await waitingFor(destinationOf(direction), stores.queue)
  const login = direction.kind === 'route' ? routes.route(direction.name)?.credentials?.username : undefined
  return {
    recipient,
    destination: destinationOf(direction),
    ...reason,
    ...(login !== undefined && { login }),
    mode: config.relay.mode,
    hosts: found,
    ...(policy && { tls: tlsExplained(policy) }),
    limits: limitsOf(direction, stores),
    ...(waiting && { waiting }),
  }
}

/** A rule that only speaks of TLS does not decide where mail goes. */
function reasonOf(direction: Direction, rule: RouteRule | undefined): Pick<WayExplained, 'by' | 'rule'> {
  if (rule === undefined || (rule.via === undefined && direction.kind === 'remote')) return { by: 'dns' }
  return { by: 'rule', rule: rule.match }
}

function tlsExplained({ type, text, steps, isTestingOnly, hosts }: TlsPolicy): TlsExplained {
  return { type, text, steps, isTestingOnly, hosts: hosts.map(policyInWords), demands: hosts.map(demandOf) }
}

function demandOf(policy: HostPolicy): TlsExplained['demands'][number] {
  return policy.kind === 'use' ? policy.demand.kind : { status: policy.status, reason: policy.reason }
}

function policyInWords(policy: HostPolicy): string {
  if (policy.kind === 'avoid') return `is not used: ${policy.status} ${policy.reason}`
  return DEMANDS[policy.demand.kind](policy.demand as never)
}

const DEMANDS: { readonly [K in TlsDemand['kind']]: (demand: Extract<TlsDemand, { kind: K }>) => string } = {
  none: () => 'no TLS',
  opportunistic: () => 'TLS if it is offered, with any certificate',
  encrypt: () => 'TLS, with any certificate',
  verify: ({ names }) => `TLS, with a certificate for ${names.join(' or ')}`,
  dane: ({ records }) => `TLS, with a certificate that one of ${records.length} TLSA records names`,
}

function limitsOf(
  way: Way,
  { routes, config: { relay } }: ExplainStores,
): NonNullable<WayExplained['limits']> {
  const route = way.kind === 'route' ? routes.route(way.name) : undefined
  return {
    connections: route?.connections ?? relay.connectionsPerDestination,
    messagesPerMinute: route?.messagesPerMinute ?? relay.messagesPerMinute,
  }
}

async function waitingFor(destination: string, queue: ExplainStores['queue']): Promise<Waiting | undefined> {
  const cells = await queue.shape({ destination })
  if (cells.length === 0) return undefined
  const sum = (of: (cell: (typeof cells)[number]) => number): number =>
    cells.reduce((total, cell) => total + of(cell), 0)
  const { deliveries } = await queue.list({ destination, state: 'deferred' }, { limit: 1 })
  const [newest] = deliveries
  return {
    deliveries: sum((cell) => cell.deliveries),
    octets: sum((cell) => cell.octets),
    ...(newest?.reason !== undefined && { reason: newest.reason }),
    ...(newest?.notBefore !== undefined && { nextTry: newest.notBefore }),
  }
}
