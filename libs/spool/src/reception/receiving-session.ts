import {
  Resolution_Verdict as Resolved,
  type DirectoryService,
  type Resolution,
} from '@cartero/contracts/directory'
import type { HeaderScanner } from '@cartero/message'
import { formatPath, ReplyError, replies, type Extension } from '@cartero/smtp'
import type {
  GreetingCommand,
  Honours,
  MailCommand,
  ProxiedClient,
  QueueNode,
  RcptCommand,
  Reply,
  Verdict,
} from '@cartero/smtp/server'
import { formatMailbox } from '@cartero/syntax'
import type { ConnectionFacts, MaybePromise, TlsFacts } from '@cartero/wire'
import type { CollectionRoom } from '../dispatch/index.ts'
import type { Envelope, EnvelopeRecipient, QueueId } from '../ports.ts'
import type { AddressLimits } from './address-limits.ts'
import { Client } from './client.ts'
import type { Asker, EtrnDesk } from './etrn-desk.ts'
import { expandName, verifyName } from './look-up.ts'
import { isOwnPostmaster, type OwnHost } from './own-postmaster.ts'
import type { ReceptionPolicy } from './policy.ts'
import { Reception, type HeaderCheck, type IntakeOptions, type Terms } from './reception.ts'
import { recipientVerdict, withDirectory } from './recipient-verdict.ts'
import { roomVerdict } from './room-verdict.ts'
import type { Subject } from './refusal.ts'
import { senderDomainVerdict, type SenderDomains } from './sender-domains.ts'

/** A message that is ours from now on, and what its client is told. */
export interface Accepted {
  readonly queueId: QueueId
  readonly envelope: Envelope
  /** Octets as received. */
  readonly size: number
  readonly reply: Reply
  /** Where a filter says that it came from. */
  readonly origin: string | undefined
  readonly messageId: string | undefined
  readonly tls: TlsFacts | undefined
}

/** Port: who sits at a terminal that messages can be shown on. */
// RFC 821 §3.4
export interface Terminals {
  attached(account: string): boolean
}

export interface ReceptionOptions extends IntakeOptions {
  readonly policy: ReceptionPolicy
  /** One for all sessions that count together. */
  readonly addressLimits: AddressLimits
  /** Who is asked about recipients and names. */
  readonly directory: Pick<DirectoryService, 'Resolve' | 'ListDomains'>
  readonly terminals?: Terminals
  readonly senderDomains?: SenderDomains
  /** Nobody can ask for waiting mail when it is absent. One for all sessions that count together. */
  readonly etrn?: EtrnDesk
  /** There is always room for mail that customers come for when it is absent. */
  readonly room?: CollectionRoom
}

/**
 * What every SMTP session does whose messages end in an intake. Who may send what to whom is for its heirs to say, in
 * `mail`, `rcpt` and `endOfData`.
 */
export abstract class ReceivingSession {
  protected readonly client: Client
  readonly #options: ReceptionOptions
  #reception: Reception | undefined
  #size = 0
  #sender: string | undefined
  #recipient: string | undefined
  #verb: MailCommand['verb'] = 'MAIL'

  /** Capabilities are there for whom they are meant, so that nobody else is offered them. */
  readonly verify?: (text: string) => MaybePromise<Reply>
  readonly expand?: (text: string) => MaybePromise<Reply>
  readonly xclient?: (client: ProxiedClient) => MaybePromise<Verdict>
  readonly xforward?: (client: ProxiedClient) => MaybePromise<Verdict>

  constructor(connection: ConnectionFacts, options: ReceptionOptions) {
    this.client = new Client(connection)
    this.#options = options
    const { policy, directory } = options
    if (policy.verify !== 'never') this.verify = (text) => this.#toldOf(() => verifyName(directory, text))
    if (policy.expand !== 'never') this.expand = (text) => this.#toldOf(() => expandName(directory, text))
    if (!policy.proxies.has(this.client.speaker)) return
    this.xclient = (client) => this.#takeOver(client)
    this.xforward = (client) => {
      this.client.forwarded(client)
      return undefined
    }
  }

  /** Who is at the other end, as far as is known now. */
  get connection(): ConnectionFacts {
    return this.client.connection
  }

  /** Whom it is about what was said last. */
  get subject(): Subject {
    return {
      helo: this.client.greeting?.name,
      from: this.#sender,
      to: this.#recipient,
      origin: this.client.origin,
    }
  }

  /** May send to anybody: it has proved who it is, or comes from a network of ours. */
  // RFC 5321 §7.7, RFC 2505 §2.1
  protected get mayRelay(): boolean {
    return this.client.account !== undefined || this.isOurNetwork
  }

  protected get isOurNetwork(): boolean {
    return this.#options.policy.relayNetworks.has(this.client.address)
  }

  /** There for whom an answer other than no is possible, so that nobody else is offered it. */
  // RFC 2505 §2.12
  get etrn(): ((node: QueueNode) => MaybePromise<Reply>) | undefined {
    const { etrn, policy } = this.#options
    if (etrn === undefined || policy.hiddenExtensions.has('ETRN') || !etrn.isOffered(this.#asker))
      return undefined
    return (node) => etrn.ask(node, this.#asker)
  }

  get #asker(): Asker {
    return { connection: this.connection, account: this.client.account, canLogIn: this.canLogIn }
  }

  /** A login is on offer now. */
  protected get canLogIn(): boolean {
    return false
  }

  honours(): Honours {
    const { policy } = this.#options
    const shown = (extension: Extension): boolean => !policy.hiddenExtensions.has(extension)
    const { solicitations } = policy
    return {
      ...(shown('DSN') && { dsn: true }),
      ...(shown('BINARYMIME') && { binary: true }),
      ...(shown('DELIVERBY') && { deliverBy: { minimum: policy.shortestDelivery } }),
      ...(shown('MT-PRIORITY') && { priority: true }),
      ...(shown('REQUIRETLS') && { requireTls: true }),
      ...(solicitations.length > 0 && { solicitations }),
      ...(policy.obsoleteVerbs && { terminals: true }),
    }
  }

  greeting(): Verdict {
    const { policy, hostname } = this.#options
    // RFC 7504 §3
    if (policy.acceptNoMail) return replies.acceptsNoMail(hostname)
    return this.#strangerVerdict()
  }

  helo(client: GreetingCommand): Verdict {
    const refusal = this.isOurNetwork ? undefined : this.#options.policy.refuse.helo(client.name)
    if (refusal === undefined) this.client.greeting = client
    return refusal
  }

  // RFC 3207 §4.2: what was said before is forgotten
  tlsStarted(tls: TlsFacts): void {
    this.client.tlsStarted(tls)
  }

  data(): Verdict {
    this.#reception!.begin()
    return undefined
  }

  body(octets: Buffer): MaybePromise<void> {
    this.#size += octets.length
    return this.#reception!.write(octets)
  }

  reset(): void {
    this.#reception?.abort()
    this.#over()
  }

  /** Notes the sender that is asked for, for the log; '' is the null path. */
  protected noteSender({ reversePath }: MailCommand): string {
    this.#recipient = undefined
    return (this.#sender = formatPath(reversePath))
  }

  /** What is wrong with the sender whoever it is; asked before the edge's own rules. */
  // RFC 5321 §7.9
  protected senderVerdict({ reversePath }: MailCommand): MaybePromise<Verdict> {
    const { policy, addressLimits, senderDomains } = this.#options
    if (this.mayRelay) return undefined
    if (!addressLimits.message(this.client.address)) return replies.sendingTooFast
    // RFC 2505 §2.6.1: nothing else is asked about the null path
    if (reversePath === undefined) return undefined
    const refusal = policy.refuse.sender(reversePath)
    if (refusal !== undefined) return refusal
    // RFC 7505 §4.3
    if (policy.noMailDomains.has(reversePath.domain)) return replies.senderHasNullMx
    return senderDomains && senderDomainVerdict(senderDomains, reversePath)
  }

  /** The sender may send. */
  protected begin(command: MailCommand, terms: Partial<Omit<Terms, 'priority'>> = {}): Verdict {
    const asked = command.parameters.priority ?? 0
    // RFC 6710 §4.1: strangers may wait, and not push in front
    const priority = this.mayRelay ? asked : Math.min(asked, 0)
    const { policy } = this.#options
    this.#reception = new Reception(
      command,
      this.client,
      { priority, ...terms },
      policy.header,
      this.#options,
    )
    this.#size = 0
    this.#verb = command.verb
    return priority === asked ? undefined : replies.priorityChanged(priority)
  }

  /** Takes the recipient if somebody here answers for it, or if the client may write to anybody. */
  // RFC 5321 §3.3, RFC 5321 §7.7
  protected takeRecipient(
    { forwardPath, parameters }: RcptCommand,
    resolve: (address: string) => MaybePromise<Resolution>,
  ): MaybePromise<Verdict> {
    const { policy, addressLimits } = this.#options
    const address = forwardPath === 'postmaster' ? 'postmaster' : formatMailbox(forwardPath)
    this.#recipient = address
    if (!this.mayRelay && !addressLimits.recipient(this.client.address)) return replies.sendingTooFast
    // RFC 7504 §4
    if (forwardPath !== 'postmaster' && policy.noMailDomains.has(forwardPath.domain)) return replies.nullMx
    return withDirectory(resolve(address), (resolution) => {
      if (resolution.verdict !== Resolved.NOT_OURS || !isOwnPostmaster(forwardPath, this.#host))
        return this.#takeResolved(recipientOf(address, parameters), resolution)
      return withDirectory(resolve('postmaster'), (own) =>
        this.#takeResolved(recipientOf('postmaster', parameters), own),
      )
    })
  }

  #takeResolved(recipient: EnvelopeRecipient, resolution: Resolution): MaybePromise<Verdict> {
    const refusal =
      recipientVerdict(resolution, this.#elsewhere()) ??
      this.#forwardVerdict(resolution) ??
      this.#terminalVerdict(resolution)
    if (refusal !== undefined) return refusal
    return withDirectory(roomVerdict(this.#options.room, resolution.collected), (full) => {
      if (full === undefined) this.#reception!.addRecipient(recipient)
      return full
    })
  }

  get #host(): OwnHost {
    return { hostname: this.#options.hostname, address: this.client.connection.localAddress }
  }

  /** Guarantee: that of IntakeDraft.commit. Throws ReplyError. */
  protected async accept(check?: HeaderCheck): Promise<Accepted> {
    const reception = this.#reception!
    const size = this.#size
    const { origin, tls } = this.client
    try {
      const queueId = await reception.commit((header) => {
        const refusal = solicitationVerdict(this.#options.policy.solicitations, solicitationsOf(header))
        if (refusal !== undefined) throw new ReplyError(refusal)
        return check?.(header) ?? []
      })
      return {
        queueId,
        envelope: reception.envelope!,
        size,
        reply: reception.accepted(queueId),
        origin,
        messageId: reception.messageId,
        tls,
      }
    } finally {
      this.#over()
    }
  }

  /** What leads elsewhere and to nobody here has nowhere to go where there is no way out. */
  #forwardVerdict({ targets, forwards, collected }: Resolution): Verdict {
    const isAway = forwards.length > 0 && targets.length + collected.length === 0
    return isAway && !this.#options.policy.routesOut ? replies.noRouteOut : undefined
  }

  /** What becomes of a recipient whom somebody else answers for. */
  #elsewhere(): Verdict {
    if (!this.mayRelay) return replies.relayDenied
    return this.#options.policy.routesOut ? undefined : replies.noRouteOut
  }

  #over(): void {
    this.#reception = undefined
    this.client.messageOver()
  }

  /** Whether somebody from there may talk to us at all. */
  // RFC 5321 §3.1, RFC 2505 §2.5
  #strangerVerdict(): Verdict {
    const { policy, addressLimits, hostname } = this.#options
    const { address } = this.client
    if (this.#isProxy) return undefined
    if (policy.onlyFrom !== undefined && !policy.onlyFrom.has(address)) return replies.noService(hostname)
    if (this.isOurNetwork) return undefined
    const refusal = policy.refuse.network(address, hostname)
    if (refusal !== undefined) return refusal
    return addressLimits.connection(address) ? undefined : replies.tooManyConnections(hostname)
  }

  /** A proxy that speaks for nobody yet. */
  get #isProxy(): boolean {
    return this.xclient !== undefined && this.client.address === this.client.speaker
  }

  #takeOver(client: ProxiedClient): Verdict {
    this.client.takeOver(client)
    // The client is greeted now, and `greeting` judges it.
    return undefined
  }

  /** What others may be told of who is here. */
  // RFC 5321 §7.3, RFC 2505 §2.11
  #toldOf(tell: () => Promise<Reply>): MaybePromise<Reply> {
    return this.client.account === undefined ? replies.cannotVerify : withDirectory(tell(), (reply) => reply)
  }

  // RFC 821 §3.4
  #terminalVerdict({ targets }: Resolution): Verdict {
    if (this.#verb !== 'SEND') return undefined
    const { terminals } = this.#options
    const isThere =
      targets.length > 0 && targets.every(({ account }) => terminals?.attached(account) ?? false)
    return isThere ? undefined : replies.notAtTerminal
  }
}

/** What the SOLICIT parameter says is looked at by the machine; this is for the field, which needs no extension. */
// RFC 3865 §2.5
function solicitationVerdict(unwanted: readonly string[], said: readonly string[]): Verdict {
  const keyword = said.find((each) => unwanted.some((one) => one.toLowerCase() === each.toLowerCase()))
  return keyword === undefined ? undefined : replies.solicitationRefused(keyword)
}

// RFC 3865 §2.5: keywords with commas between them
function solicitationsOf(header: HeaderScanner): readonly string[] {
  if (header.count('Solicitation') === 0) return []
  return header
    .block()
    .findAll('Solicitation')
    .flatMap(({ value }) => value.split(',').map((keyword) => keyword.trim()))
}

function recipientOf(
  address: string,
  { notify, originalRecipient }: RcptCommand['parameters'],
): EnvelopeRecipient {
  return {
    address,
    ...(notify !== undefined && { notify }),
    ...(originalRecipient !== undefined && { originalRecipient }),
  }
}
