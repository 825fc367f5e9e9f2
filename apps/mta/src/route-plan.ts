import { Resolution_Verdict, type Resolution } from '@cartero/contracts/directory'
import { RouteTable, type Direction } from '@cartero/routing'
import type { DeliveryRecipient, NextHop, RecipientProblem, Routed, SpooledMessage } from '@cartero/spool'
import { destinationOf } from '@cartero/spool'

/** What is known when a batch is routed. */
export interface Knowledge {
  readonly routes: RouteTable
  /** What the directory says of an address; undefined for those that a rule takes away from it. */
  readonly resolutionOf: (address: string) => Resolution | undefined
  /** Who sends on what an address of ours forwards. */
  readonly senderOf: (message: SpooledMessage, address: string) => string
  /** Why mail for other hosts waits from the start; undefined when it does not. */
  readonly held: string | undefined
}

/** Somebody whose mail leaves this system sooner or later, and the address of the envelope that leads there. */
interface Traveller {
  /** Where it goes, or where it waits until its customer comes for it. */
  readonly nextHop: NextHop
  readonly target: string
  readonly address: string
  readonly sender?: string
  readonly expanded?: true
}

/** The recipients of one message on their ways. */
export class RoutePlan {
  readonly #message: SpooledMessage
  readonly #on: Knowledge
  readonly #mailboxes = new Map<string, DeliveryRecipient>()
  readonly #travellers: Traveller[] = []
  readonly #lost: DeliveryRecipient[] = []

  constructor(message: SpooledMessage, knowledge: Knowledge) {
    this.#message = message
    this.#on = knowledge
  }

  routed(): Routed {
    for (const { address } of this.#message.envelope.recipients) this.#add(address)
    const local = [[...this.#mailboxes.values()], this.#lost].filter((recipients) => recipients.length > 0)
    return {
      queueId: this.#message.queueId,
      deliveries: [
        ...local.map((recipients) => ({ nextHop: { kind: 'local' as const }, recipients })),
        ...(this.#travellers.length > 0 ? this.#parties() : []),
      ],
    }
  }

  #add(address: string): void {
    const { routes } = this.#on
    const resolution = this.#on.resolutionOf(address)
    if (resolution === undefined) return this.#send(routes.directionOf(address), { target: address, address })
    const problem = PROBLEMS[resolution.verdict]
    if (problem !== undefined) this.#lost.push({ address, account: '', problem })
    else if (resolution.verdict === Resolution_Verdict.NOT_OURS)
      this.#send(routes.directionOf(address), { target: address, address })
    else this.#addReaders(address, resolution)
  }

  #addReaders(address: string, resolution: Resolution): void {
    const { routes, senderOf } = this.#on
    const expanded = isExpanded(resolution) && { expanded: true as const }
    for (const { account, detail } of resolution.targets) {
      const direction = routes.namedDirectionOf(account)
      if (direction !== undefined) this.#send(direction, { target: account, address, ...expanded })
      else this.#deliver({ address, account, ...(detail !== '' && { detail }), ...expanded })
    }
    for (const target of resolution.collected) {
      const direction = routes.namedDirectionOf(target) ?? customerOf(target)
      this.#send(direction, {
        target: isSameAddress(target, address) ? address : target,
        address,
        ...expanded,
      })
    }
    for (const target of resolution.forwards) {
      const sender = senderOf(this.#message, address)
      const isRewritten = sender !== this.#message.envelope.reversePath
      this.#send(routes.directionOf(target), {
        target,
        address,
        ...expanded,
        ...(isRewritten && { sender }),
      })
    }
  }

  #send(direction: Direction | NextHop, traveller: Omit<Traveller, 'nextHop'>): void {
    if (direction.kind !== 'refuse') this.#travellers.push({ ...traveller, nextHop: direction })
    else this.#lost.push({ address: traveller.address, account: '', problem: 'refused' })
  }

  /** However many aliases lead to a mailbox, it gets the message once; who wrote to it directly counts first. */
  // RFC 5321 §3.9.1
  #deliver(recipient: DeliveryRecipient): void {
    const { account, address, expanded } = recipient
    const known = this.#mailboxes.get(account)
    if (known === undefined || (known.expanded && !expanded)) this.#mailboxes.set(account, recipient)
    else if (!expanded) this.#mailboxes.set(account, { ...known, others: [...(known.others ?? []), address] })
  }

  /** Those who travel together: by the same way, and from the same sender. Each target once, as for mailboxes. */
  #parties(): readonly Routed['deliveries'][number][] {
    const parties = new Map<string, { nextHop: NextHop; sender?: string; recipients: DeliveryRecipient[] }>()
    for (const recipient of this.#onceEach()) {
      const { nextHop, sender } = recipient
      const key = `${destinationOf(nextHop)}\0${sender ?? ''}`
      const party = parties.get(key) ?? { nextHop, ...(sender !== undefined && { sender }), recipients: [] }
      party.recipients.push(asRecipient(recipient))
      parties.set(key, party)
    }
    const { held } = this.#on
    return [...parties.values()].map((party) => {
      // He comes himself: nothing is sent to other hosts by that.
      const isHeld = held !== undefined && party.nextHop.kind !== 'odmr'
      return { ...party, ...(isHeld && { held }) }
    })
  }

  #onceEach(): Iterable<Traveller & { readonly others: readonly string[] }> {
    const inOrder = this.#travellers.toSorted((a, b) => rank(a) - rank(b))
    const byTarget = new Map<string, Traveller & { others: string[] }>()
    for (const traveller of inOrder) {
      const known = byTarget.get(traveller.target)
      if (known === undefined) byTarget.set(traveller.target, { ...traveller, others: [] })
      else if (traveller.expanded !== true && traveller.address !== known.address)
        known.others.push(traveller.address)
    }
    return byTarget.values()
  }
}

/** One name for several readers. */
export function isExpanded(resolution: Resolution | undefined): boolean {
  return (
    resolution?.verdict === Resolution_Verdict.ACCEPT &&
    resolution.targets.length + resolution.forwards.length + resolution.collected.length > 1
  )
}

/** By whose customer it is collected: nobody else sends it on, so its sender stays who he is. */
// RFC 2645 §4
function customerOf(address: string): NextHop {
  return { kind: 'odmr', domain: address.slice(address.lastIndexOf('@') + 1).toLowerCase() }
}

/** The customer is told the address as its sender wrote it. */
// RFC 5321 §2.4
function isSameAddress(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase()
}

/** Whoever is named in the envelope, then who is meant alone, then one of many. */
function rank({ address, target, expanded }: Traveller): number {
  if (address === target) return 0
  return expanded === true ? 2 : 1
}

function asRecipient(traveller: Traveller & { readonly others: readonly string[] }): DeliveryRecipient {
  const { address, target, expanded, others } = traveller
  return {
    address,
    account: '',
    ...(others.length > 0 && { others }),
    ...(expanded && { expanded }),
    ...(target !== address && { forward: target }),
  }
}

/** Why nobody here takes it, though it was accepted. */
const PROBLEMS: Readonly<Partial<Record<Resolution_Verdict, RecipientProblem>>> = {
  [Resolution_Verdict.UNSPECIFIED]: 'noSuchMailbox',
  [Resolution_Verdict.NO_SUCH_USER]: 'noSuchMailbox',
  [Resolution_Verdict.DISABLED]: 'mailboxDisabled',
  [Resolution_Verdict.ALIAS_LOOP]: 'aliasLoop',
}
