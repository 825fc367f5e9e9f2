import type { DirectoryService } from '@cartero/contracts/directory'
import { formatNode, isPositive, replies, type QueueNode } from '@cartero/smtp'
import type { Reply } from '@cartero/smtp/server'
import { peerNetwork, type Clock, type ConnectionFacts } from '@cartero/wire'
import type { EtrnPolicy, EtrnRule } from './etrn-policy.ts'
import type { QueueStart, QueueStarter } from './queue-starter.ts'
import { RateLimit } from './rate-limit.ts'

/** Domains that `@domain` starts one by one. Each is looked up and counted; who has more asks for them by name. */
export const MOST_NAMED_DOMAINS = 100

const NOT_YOURS = 'it is not yours to ask for'
const TOO_OFTEN = 'asked too often, try again later'
const NOT_NOW = 'this cannot be told now, try again later'
const NO_WAY = 'its mail has no way of its own from here'
const TOO_MANY = `more than ${MOST_NAMED_DOMAINS} domains, ask for each`

/** Who asks, as far as it is known. */
export interface Asker {
  readonly connection: ConnectionFacts
  readonly account: string | undefined
  /** A login is on offer. */
  readonly canLogIn: boolean
}

export interface EtrnDeskOptions {
  readonly policy: EtrnPolicy
  readonly starter: QueueStarter
  readonly directory: Pick<DirectoryService, 'CollectedDomains'>
  readonly clock: Clock
  readonly events: EtrnEvents
}

/** What is told of the answers; what was refused is told as all refusals are. */
export interface EtrnEvents {
  /** Answered 250 to 253; `node` as it was said. */
  queueStarted(asker: Asker, node: string, reply: Reply): void
  /** The starter or the directory threw; the asker was told 458. */
  queueFailed(asker: Asker, node: string, error: unknown): void
}

/** What of a node an asker may have: domains by name, domains with all below them, a configured way. */
interface Grant {
  readonly domains: readonly string[]
  readonly subtrees: readonly string[]
  readonly route?: string
}

/**
 * Answers ETRN: who may ask for what, and how often. It has mail tried where it goes in any case, and gives none to whoever asks. One
 * for all sessions that count together.
 */
// RFC 1985 §5.1, RFC 1985 §5.3, RFC 2505 §2.12
export class EtrnDesk {
  readonly #on: EtrnDeskOptions
  readonly #peers: RateLimit
  readonly #nodes: RateLimit

  constructor(options: EtrnDeskOptions) {
    this.#on = options
    this.#peers = new RateLimit(options.policy.perPeer, options.clock)
    this.#nodes = new RateLimit(options.policy.perNode, options.clock)
  }

  /**
   * Whether ETRN is announced. Clients look for it in the EHLO before they log in (msmtp, fetchmail), so that it is there already
   * when a login may open something.
   */
  // RFC 1985 §2
  isOffered(asker: Asker): boolean {
    const { collectors, allow } = this.#on.policy
    if (this.#rulesFor(asker).length > 0) return true
    if (asker.account !== undefined) return collectors
    return asker.canLogIn && allow.some(({ accounts }) => accounts.size > 0)
  }

  /** Never rejects. */
  async ask(node: QueueNode, asker: Asker): Promise<Reply> {
    const name = formatNode(node)
    if (asker.account === undefined && this.#rulesFor(asker).length === 0 && asker.canLogIn)
      return replies.authRequired
    if (!this.#peers.take(peerNetwork(asker.connection.remoteAddress)))
      return replies.queueNotStarted(name, TOO_OFTEN)
    try {
      const grant = granted(node, await this.#nodesOf(asker))
      // Nobody learns from this which names there are.
      if (grant === undefined) return replies.nodeNotAllowed(name, NOT_YOURS)
      // Only now: nobody else can use up what is theirs.
      if (!this.#nodes.take(name)) return replies.queueNotStarted(name, TOO_OFTEN)
      const reply = await this.#start(name, grant)
      if (isPositive(reply)) this.#on.events.queueStarted(asker, name, reply)
      return reply
    } catch (error) {
      this.#on.events.queueFailed(asker, name, error)
      return replies.queueNotStarted(name, NOT_NOW)
    }
  }

  #rulesFor({ connection: { remoteAddress }, account }: Asker): readonly EtrnRule[] {
    return this.#on.policy.allow.filter(
      ({ networks, accounts }) =>
        networks.has(remoteAddress) || (account !== undefined && accounts.has(account)),
    )
  }

  async #nodesOf(asker: Asker): Promise<readonly QueueNode[]> {
    const listed = this.#rulesFor(asker).flatMap(({ nodes }) => nodes)
    const { account } = asker
    if (account === undefined || !this.#on.policy.collectors) return listed
    const { domains } = await this.#on.directory.CollectedDomains({ account })
    return [...listed, ...domains.map((domain) => ({ kind: 'domain' as const, name: domain.name }))]
  }

  async #start(name: string, { domains, subtrees, route }: Grant): Promise<Reply> {
    const { starter } = this.#on
    if (route !== undefined) return answer(name, [await starter.startRoute(route)])
    const all = [...domains, ...subtrees]
    if (all.length > MOST_NAMED_DOMAINS) return replies.queueNotStarted(name, TOO_MANY)
    const starts = await Promise.all(all.map((domain) => starter.startDomain(domain)))
    if (subtrees.length === 0) return answer(name, starts)
    starter.startBelow(subtrees)
    // What there is below is not known yet.
    return starts.some(({ kind }) => kind === 'collected') ? answer(name, starts) : replies.queueStarted(name)
  }
}

/** What the node has in common with what somebody may ask for; undefined when that is nothing. */
function granted({ kind, name }: QueueNode, own: readonly QueueNode[]): Grant | undefined {
  const named = (wanted: QueueNode['kind']): readonly string[] =>
    own.filter((one) => one.kind === wanted).map((one) => one.name)
  if (kind === 'queue')
    return named('queue').includes(name) ? { domains: [], subtrees: [], route: name } : undefined
  const isBelowOwn = named('subdomains').some((root) => isWithin(name, root))
  if (kind === 'domain')
    return isBelowOwn || named('domain').includes(name) ? { domains: [name], subtrees: [] } : undefined
  const within = (names: readonly string[]): readonly string[] => [
    ...new Set(names.filter((one) => isWithin(one, name))),
  ]
  const subtrees = isBelowOwn ? [name] : within(named('subdomains'))
  const domains = within(named('domain')).filter((one) => !subtrees.some((root) => isWithin(one, root)))
  return subtrees.length + domains.length === 0 ? undefined : { domains, subtrees }
}

function isWithin(domain: string, root: string): boolean {
  return domain === root || domain.endsWith(`.${root}`)
}

/** The most that is true of all of it. */
// RFC 1985 §5.1
function answer(node: string, starts: readonly QueueStart[]): Reply {
  const started = starts.filter((one) => one.kind === 'started')
  if (started.some(({ deliveries }) => deliveries === undefined)) return replies.someQueued(node)
  if (started.length > 0) return replies.countQueued(node, sum(started))
  const collected = sum(starts.filter((one) => one.kind === 'collected'))
  // RFC 1985 §5.1: 250 to 253 would say that something was started
  if (collected > 0) return replies.queueNotStarted(node, waitingForAtrn(collected))
  if (starts.some((one) => one.kind === 'noWay')) return replies.queueNotStarted(node, NO_WAY)
  return replies.queueEmpty(node)
}

function sum(starts: readonly { readonly deliveries?: number }[]): number {
  return starts.reduce((total, { deliveries = 0 }) => total + deliveries, 0)
}

function waitingForAtrn(count: number): string {
  return `${count} ${count === 1 ? 'message waits' : 'messages wait'} here to be fetched with ATRN`
}
