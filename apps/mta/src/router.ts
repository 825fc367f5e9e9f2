import { Resolution_Verdict, type DirectoryService, type Resolution } from '@cartero/contracts/directory'
import type { DeliveryRecipient, Routed, Spool, SpooledMessage } from '@cartero/spool'
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
}

/**
 * Decides where each accepted message goes next. Today every recipient is one of our mailboxes; what the edge accepted
 * and the directory does not know any more is given to the MDA without an account, which holds it for the operator.
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

  /** One batch. Idempotent by queue id. */
  async route(messages: readonly SpooledMessage[]): Promise<void> {
    const addresses = [
      ...new Set(messages.flatMap(({ envelope }) => envelope.recipients.map(({ address }) => address))),
    ]
    const { resolutions } = await this.#on.directory.Resolve({ addresses })
    const known = new Map(addresses.map((address, i) => [address, resolutions[i]!]))
    await this.#on.spool.route(messages.map((message) => routed(message, known)))
  }

  /** A directory or store that is away for a moment delays mail; it never loses it. */
  async #routeWithPatience(messages: readonly SpooledMessage[], signal: AbortSignal): Promise<void> {
    for (;;) {
      try {
        return await this.route(messages)
      } catch (error) {
        this.#on.events.routingFailed(error)
        if (!(await pause(this.#on.clock, RETRY_MS, signal))) return
      }
    }
  }
}

function routed(message: SpooledMessage, known: ReadonlyMap<string, Resolution>): Routed {
  const mailboxes = new Map<string, DeliveryRecipient>()
  const lost: DeliveryRecipient[] = []
  for (const { address } of message.envelope.recipients) {
    const resolution = known.get(address)
    if (resolution?.verdict !== Resolution_Verdict.ACCEPT) lost.push({ address, account: '' })
    for (const { account, detail } of resolution?.targets ?? []) {
      // RFC 5321 §3.9.1: however many aliases lead to a mailbox, it gets the message once.
      if (!mailboxes.has(account))
        mailboxes.set(account, { address, account, ...(detail !== '' && { detail }) })
    }
  }
  const groups = [[...mailboxes.values()], lost].filter((recipients) => recipients.length > 0)
  return {
    queueId: message.queueId,
    deliveries: groups.map((recipients) => ({ nextHop: { kind: 'local' }, recipients })),
  }
}
