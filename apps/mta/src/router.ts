import type { DirectoryService, ForwardedSender, Resolution } from '@cartero/contracts/directory'
import { RouteTable } from '@cartero/routing'
import type { Spool, SpooledMessage } from '@cartero/spool'
import type { Notices } from '@cartero/spool/notices'
import { pause, type Clock } from '@cartero/wire'
import type { Events } from './events.ts'
import { isExpanded, RoutePlan } from './route-plan.ts'

/** Messages routed at a time: one question to the directory, one call to the spool. */
const BATCH = 200

/** How long to wait before asking a directory again that could not answer. */
const RETRY_MS = 5_000

/**
 * What becomes of mail for other hosts: it is sent; it is accepted and held until an operator releases it; or the doors refuse
 * it, so that there is none but notices and what aliases forward.
 */
export type Outbound = 'send' | 'hold' | 'refuse'

const HELD = 'this system sends nothing to other hosts: it waits until it is released'

export interface RouterDependencies {
  readonly spool: Pick<Spool, 'arrivals' | 'route'>
  readonly directory: Pick<DirectoryService, 'Resolve' | 'RewriteSenders'>
  readonly clock: Clock
  readonly events: Events
  /** Tells who wants to know that an alias was expanded; without it nobody is told. */
  readonly notices?: Pick<Notices, 'expanded'> | undefined
  /** Without it all mail for elsewhere goes to the hosts that the DNS names. */
  readonly routes?: RouteTable | undefined
  /** `refuse` without it. */
  readonly outbound?: Outbound | undefined
}

type Known = ReadonlyMap<string, Resolution>

/**
 * Decides where each accepted message goes next: our mailboxes, the hosts of another domain, those of a route, or to
 * wait until a customer comes for it. What the
 * edge accepted and nobody here takes any more is given to the MDA with the reason, which tells the sender.
 *
 * Mail that is forwarded in a circle by us and others comes in with each round, and is refused there when it has too many
 * trace fields (RFC 5321 §6.3).
 */
export class Router {
  readonly #on: RouterDependencies
  readonly #routes: RouteTable

  constructor(dependencies: RouterDependencies) {
    this.#on = dependencies
    this.#routes = dependencies.routes ?? new RouteTable()
  }

  /** Routes until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    for await (const messages of this.#on.spool.arrivals(BATCH, signal)) {
      await this.#routeWithPatience(messages, signal)
    }
  }

  /** One batch. Idempotent by queue id, but for the notices of messages that are not in `told`; they are added to it. */
  async route(messages: readonly SpooledMessage[], told: Set<string> = new Set()): Promise<void> {
    const known = await this.#resolve(messages)
    const senderOf = await this.#senders(messages, known)
    for (const message of messages) await this.#tell(message, known, told)
    const knowledge = {
      routes: this.#routes,
      resolutionOf: (address: string) => known.get(address),
      senderOf,
      held: this.#on.outbound === 'hold' ? HELD : undefined,
    }
    await this.#on.spool.route(messages.map((message) => new RoutePlan(message, knowledge).routed()))
  }

  /** What the directory says of all addresses that no rule names. */
  async #resolve(messages: readonly SpooledMessage[]): Promise<Known> {
    const all = new Set(messages.flatMap(({ envelope }) => envelope.recipients.map(({ address }) => address)))
    const addresses = [...all].filter((address) => this.#routes.namedDirectionOf(address) === undefined)
    if (addresses.length === 0) return new Map()
    const { resolutions } = await this.#on.directory.Resolve({ addresses })
    return new Map(addresses.map((address, i) => [address, resolutions[i]!]))
  }

  /** Who sends on what is forwarded; one question for the batch, and none when nothing is. */
  async #senders(
    messages: readonly SpooledMessage[],
    known: Known,
  ): Promise<(message: SpooledMessage, address: string) => string> {
    const asked = new Map<string, ForwardedSender>()
    for (const { envelope } of messages) {
      for (const { address } of envelope.recipients)
        if (envelope.reversePath !== '' && (known.get(address)?.forwards.length ?? 0) > 0) {
          const sender = { address: envelope.reversePath, domain: domainOf(address) }
          asked.set(keyOf(sender), sender)
        }
    }
    if (asked.size === 0) return ({ envelope }) => envelope.reversePath
    const { addresses } = await this.#on.directory.RewriteSenders({ senders: [...asked.values()] })
    const answers = new Map([...asked.keys()].map((key, i) => [key, addresses[i]!]))
    return ({ envelope: { reversePath } }, address) =>
      answers.get(keyOf({ address: reversePath, domain: domainOf(address) })) ?? reversePath
  }

  /** A directory or store that is away for a moment delays mail; it never loses it. */
  async #routeWithPatience(messages: readonly SpooledMessage[], signal: AbortSignal): Promise<void> {
    const told = new Set<string>()
    for (;;) {
      try {
        return await this.route(messages, told)
      } catch (error) {
        this.#on.events.routingFailed(error)
        if (!(await pause(this.#on.clock, RETRY_MS, signal))) return
      }
    }
  }

  // RFC 3461 §5.2.7.3
  async #tell(message: SpooledMessage, known: Known, told: Set<string>): Promise<void> {
    const expanded = message.envelope.recipients
      .map(({ address }) => address)
      .filter((address) => isExpanded(known.get(address)))
    if (expanded.length === 0 || told.has(message.queueId)) return
    await this.#on.notices?.expanded(message, expanded)
    told.add(message.queueId)
  }
}

/** '' for the postmaster of no domain in particular. */
function domainOf(address: string): string {
  const at = address.lastIndexOf('@')
  return at === -1 ? '' : address.slice(at + 1).toLowerCase()
}

function keyOf({ address, domain }: ForwardedSender): string {
  return `${address}\0${domain}`
}
