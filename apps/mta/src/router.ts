import { Resolution_Verdict, type DirectoryService, type Resolution } from '@cartero/contracts/directory'
import type { DeliveryRecipient, RecipientProblem, Routed, Spool, SpooledMessage } from '@cartero/spool'
import type { Notices } from '@cartero/spool/notices'
import { pause, type Clock } from '@cartero/wire'
import type { Events } from './events.ts'

/** Messages routed at a time: one question to the directory, one call to the spool. */
const BATCH = 200

/** How long to wait before asking a directory again that could not answer. */
const RETRY_MS = 5_000

export interface RouterDependencies {
  readonly spool: Spool
  readonly directory: Pick<DirectoryService, 'Resolve'>
  readonly clock: Clock
  readonly events: Events
  /** Tells who wants to know that an alias was expanded; without it nobody is told. */
  readonly notices?: Pick<Notices, 'expanded'> | undefined
}

type Known = ReadonlyMap<string, Resolution>

/**
 * Decides where each accepted message goes next: our mailboxes, or the hosts of another domain. What the edge accepted and
 * nobody here takes any more is given to the MDA with the reason, which tells the sender.
 */
export class Router {
  readonly #on: RouterDependencies

  constructor(dependencies: RouterDependencies) {
    this.#on = dependencies
  }

  /** Routes until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    for await (const messages of this.#on.spool.arrivals(BATCH, signal)) {
      await this.#routeWithPatience(messages, signal)
    }
  }

  /** One batch. Idempotent by queue id, but for the notices of messages that are not in `told`; they are added to it. */
  async route(messages: readonly SpooledMessage[], told: Set<string> = new Set()): Promise<void> {
    const addresses = [
      ...new Set(messages.flatMap(({ envelope }) => envelope.recipients.map(({ address }) => address))),
    ]
    const { resolutions } = await this.#on.directory.Resolve({ addresses })
    const known = new Map(addresses.map((address, i) => [address, resolutions[i]!]))
    for (const message of messages) await this.#tell(message, known, told)
    await this.#on.spool.route(messages.map((message) => routed(message, known)))
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

function routed({ queueId, envelope }: SpooledMessage, known: Known): Routed {
  const mailboxes = new Map<string, DeliveryRecipient>()
  const elsewhere = new Map<string, DeliveryRecipient[]>()
  const lost: DeliveryRecipient[] = []
  for (const { address } of envelope.recipients) {
    const resolution = known.get(address)
    const problem = PROBLEMS[resolution?.verdict ?? Resolution_Verdict.UNSPECIFIED]
    if (resolution?.verdict === Resolution_Verdict.NOT_OURS) {
      const domain = domainOf(address)
      elsewhere.set(domain, [...(elsewhere.get(domain) ?? []), { address, account: '' }])
    } else if (problem !== undefined) lost.push({ address, account: '', problem })
    else addTargets(mailboxes, address, resolution!)
  }
  const local = [[...mailboxes.values()], lost].filter((recipients) => recipients.length > 0)
  return {
    queueId,
    deliveries: [
      ...local.map((recipients) => ({ nextHop: { kind: 'local' as const }, recipients })),
      ...[...elsewhere].map(([domain, recipients]) => ({
        nextHop: { kind: 'remote' as const, domain },
        recipients,
      })),
    ],
  }
}

/** RFC 5321 §3.9.1: however many aliases lead to a mailbox, it gets the message once; who wrote to it directly counts first. */
function addTargets(
  mailboxes: Map<string, DeliveryRecipient>,
  address: string,
  resolution: Resolution,
): void {
  const expanded = isExpanded(resolution)
  for (const { account, detail } of resolution.targets) {
    const known = mailboxes.get(account)
    if (known === undefined || (known.expanded && !expanded)) {
      mailboxes.set(account, {
        address,
        account,
        ...(detail !== '' && { detail }),
        ...(expanded && { expanded: true }),
      })
    } else if (!expanded) mailboxes.set(account, { ...known, others: [...(known.others ?? []), address] })
  }
}

/** One name for several mailboxes. */
const isExpanded = (resolution: Resolution | undefined): boolean =>
  resolution?.verdict === Resolution_Verdict.ACCEPT && resolution.targets.length > 1

const domainOf = (address: string): string => address.slice(address.lastIndexOf('@') + 1).toLowerCase()

/** Why nobody here takes it, though it was accepted. */
const PROBLEMS: Readonly<Partial<Record<Resolution_Verdict, RecipientProblem>>> = {
  [Resolution_Verdict.UNSPECIFIED]: 'noSuchMailbox',
  [Resolution_Verdict.NO_SUCH_USER]: 'noSuchMailbox',
  [Resolution_Verdict.DISABLED]: 'mailboxDisabled',
  [Resolution_Verdict.ALIAS_LOOP]: 'aliasLoop',
}
