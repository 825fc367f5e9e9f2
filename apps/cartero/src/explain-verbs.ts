import { ControlError, type ControlVerbs } from '@cartero/agent/admin'
import { parseAddress, resolveOne, Verdict, DEFAULT_ADDRESS_POLICY, type Directory } from '@cartero/directory'
import type { HostPolicy, HostsFound, RouteTable, TlsDemand, TlsPolicy, Way } from '@cartero/routing'
import { destinationOf, type QueueOffice } from '@cartero/spool'

import type { CarteroConfig } from './config.ts'
import type { OpenWayOut } from './way-out.ts'

/** The verb that tells what would happen to mail for an `address`. */
export const EXPLAIN = 'explain'

/** What would happen now to mail for an address. */
export interface Explanation {
  readonly address: string
  /** What the directory says: `mailbox`, `noSuchUser`, `notOurs`, `aliasLoop`, `disabled`; or `rule`: it is not asked. */
  readonly verdict: 'mailbox' | 'noSuchUser' | 'notOurs' | 'aliasLoop' | 'disabled' | 'rule'
  /** Our mailboxes that get it. */
  readonly mailboxes: readonly { readonly account: string; readonly detail?: string }[]
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
  readonly queue: Pick<QueueOffice, 'shape' | 'list'>
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
  const address = parseAddress(written, DEFAULT_ADDRESS_POLICY)?.text
  if (address === undefined) throw new ControlError('usage', `'${written}' is no address`)
  const { routes, directory } = stores
  const wayFor = (recipient: string, by: 'rule' | 'dns'): Promise<WayExplained> =>
    explainWay(recipient, { by, stores, signal })
  if (routes.namedDirectionOf(address) !== undefined)
    return { address, verdict: 'rule', mailboxes: [], ways: [await wayFor(address, 'rule')] }
  const { verdict, targets, forwards } = await resolveOne(directory, address)
  const elsewhere = verdict === Verdict.NOT_OURS ? [address] : forwards
  return {
    address,
    verdict: VERDICTS[verdict] ?? 'noSuchUser',
    mailboxes: targets.map(({ account, detail }) => ({ account, ...(detail !== '' && { detail }) })),
    ways: await Promise.all(elsewhere.map((recipient) => wayFor(recipient, byOf(routes, recipient)))),
  }
}

const VERDICTS: Readonly<Partial<Record<Verdict, Explanation['verdict']>>> = {
  [Verdict.ACCEPT]: 'mailbox',
  [Verdict.NO_SUCH_USER]: 'noSuchUser',
  [Verdict.NOT_OURS]: 'notOurs',
  [Verdict.ALIAS_LOOP]: 'aliasLoop',
  [Verdict.DISABLED]: 'disabled',
}

/** `*` is a rule, too. */
function byOf(routes: RouteTable, address: string): 'rule' | 'dns' {
  const isNamed = routes.namedDirectionOf(address) !== undefined
  return isNamed || routes.directionOf(address).kind !== 'remote' ? 'rule' : 'dns'
}

interface Question {
  readonly by: 'rule' | 'dns'
  readonly stores: ExplainStores
  readonly signal: AbortSignal
}

/** What mail itself may ask for is left aside. */
const NO_WISH = { required: false, optional: false }

async function explainWay(recipient: string, { by, stores, signal }: Question): Promise<WayExplained> {
  const { routes, hosts, policies, config } = stores
  const direction = routes.directionOf(recipient)
  if (direction.kind === 'refuse') return { recipient, by, mode: 'refuse' }
  const found = await hosts.find(direction, signal)
  const known = found.kind === 'hosts' ? found.hosts : []
  const policy = known.length > 0 ? await policies.of(direction, known, NO_WISH, signal) : undefined
  const waiting = await waitingFor(destinationOf(direction), stores.queue)
  return {
    recipient,
    destination: destinationOf(direction),
    by,
    mode: config.relay.mode,
    hosts: found,
    ...(policy && { tls: tlsExplained(policy) }),
    limits: limitsOf(direction, stores),
    ...(waiting && { waiting }),
  }
}

function tlsExplained({ type, text, steps, isTestingOnly, hosts }: TlsPolicy): TlsExplained {
  return { type, text, steps, isTestingOnly, hosts: hosts.map(policyInWords) }
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
