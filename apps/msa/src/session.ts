import { resolveOne, senderAllowed, type AnyDirectory } from '@cartero/directory'
import type { Doorkeeper, Visit } from '@cartero/directory/doorkeeper'
import type { SaslServerMechanism } from '@cartero/sasl'
import {
  replies,
  type AuthSession,
  type Honours,
  type MailCommand,
  type RcptCommand,
  type Reply,
  type SmtpSession,
  type Verdict,
} from '@cartero/smtp/server'
import {
  ReceivingSession,
  withDirectory,
  type Accepted,
  type HeaderEdit,
  type RateLimit,
  type ReceptionOptions,
} from '@cartero/spool/reception'
import { formatMailbox, parseMailbox } from '@cartero/syntax'
import type { ConnectionFacts, MaybePromise, TlsFacts } from '@cartero/wire'
import type { Events } from './events.ts'
import { qualifiedRecipient, qualifiedSender } from './policy/qualified-domains.ts'
import { rewritten } from './policy/rewritten-domains.ts'
import type { SubmissionPolicy } from './policy/submission-policy.ts'
import { submittedHeader } from './submitted-header.ts'

export interface SubmissionOptions extends ReceptionOptions {
  readonly directory: AnyDirectory
  readonly doorkeeper: Doorkeeper
  readonly rate: RateLimit
  readonly events: Events
  readonly random: (octets: number) => Uint8Array
  readonly submission: SubmissionPolicy
  /** What the policy makes of headers; made once for all sessions. */
  readonly edit: HeaderEdit | undefined
  /** PLAIN and LOGIN without TLS: on loopback, by choice. */
  readonly allowPlaintextAuth: boolean
}

/** Mail from our own users: who you are decides what you may send. RFC 6409 */
export class SubmissionSession extends ReceivingSession implements SmtpSession, AuthSession {
  readonly #options: SubmissionOptions
  #sender = ''

  constructor(connection: ConnectionFacts, options: SubmissionOptions) {
    super(connection, options)
    this.#options = options
  }

  /** Whoever has guessed too often does not come in by a proxy's word (XCLIENT) either. */
  override greeting(): Verdict {
    const { doorkeeper, hostname } = this.#options
    return doorkeeper.admits(this.client.address) ? super.greeting() : replies.tooManyAuthFailures(hostname)
  }

  override honours(): Honours {
    const honours = super.honours()
    const { policy, clock } = this.#options
    // RFC 4865 §3: to whom we know, because what we hold back takes our space
    if (this.client.account === undefined || policy.hiddenExtensions.has('FUTURERELEASE')) return honours
    const seconds = policy.longestHold
    return { ...honours, futureRelease: { seconds, until: clock.now() + seconds * 1_000 } }
  }

  // RFC 4954 §4, RFC 8314 §3: passwords cross the wire under TLS only
  mechanisms(tls: TlsFacts | undefined): readonly string[] {
    return this.#options.doorkeeper.mechanisms(this.#visit(tls))
  }

  start(mechanism: string): SaslServerMechanism {
    return this.#options.doorkeeper.start(mechanism, this.#visit(this.client.tls))
  }

  authenticated(account: string): undefined {
    this.client.account = account
  }

  protected override get canLogIn(): boolean {
    const { tls } = this.client
    if (tls === undefined && !this.#options.allowPlaintextAuth) return false
    return this.mechanisms(tls).length > 0
  }

  #visit(tls: TlsFacts | undefined): Visit {
    return { remoteAddress: this.client.address, tls, inTheClear: this.#options.allowPlaintextAuth }
  }

  // RFC 6409 §4.2, RFC 6409 §4.3
  mail(said: MailCommand): MaybePromise<Verdict> {
    const { submission } = this.#options
    this.noteSender(said)
    // RFC 6409 §6.4: the recipients will show whether it is for the postmaster
    if (!this.mayRelay && !submission.openPostmaster) return replies.authRequired
    const path = qualifiedSender(said.reversePath, submission)
    const reversePath = path && rewritten(path, submission.rewriteDomains)
    const command: MailCommand = { ...said, reversePath }
    this.#sender = this.noteSender(command)
    return withDirectory(this.senderVerdict(command), (refusal) => refusal ?? this.#submit(command))
  }

  // RFC 6409 §6.1. The null sender is for notices (RFC 5321 §4.5.5), which users' agents send too (RFC 8098 §3).
  #submit(command: MailCommand): MaybePromise<Verdict> {
    const allowed = this.#sender === '' ? true : this.#isOwn(this.#sender)
    return withDirectory(allowed, (yes) => (yes ? this.#begin(command) : replies.senderNotAllowed))
  }

  // RFC 4954 §5: whom the client may not name is nobody in particular
  #begin(command: MailCommand): MaybePromise<Verdict> {
    const { auth } = command.parameters
    const { edit, submission } = this.#options
    const encodeTo = submission.transferEncode === 'never' ? undefined : submission.transferEncode
    const terms = { edit, encodeTo }
    if (auth === undefined) return this.begin(command, terms)
    const submitter = auth === '<>' ? '<>' : formatMailbox(auth)
    const mayName = submitter === '<>' || this.client.account === undefined ? false : this.#isOwn(submitter)
    return withDirectory(mayName, (yes) =>
      this.begin(command, { ...terms, submitter: yes ? submitter : '<>' }),
    )
  }

  /** Clients without account come from our own networks, and may write in any name. */
  #isOwn(address: string): MaybePromise<boolean> {
    const { account } = this.client
    return account === undefined ? true : senderAllowed(this.#options.directory, account, address)
  }

  // RFC 6409 §6.2
  rcpt(said: RcptCommand): MaybePromise<Verdict> {
    const { rate, events, directory, submission } = this.#options
    const path = qualifiedRecipient(said.forwardPath, submission)
    const forwardPath = path === 'postmaster' ? path : rewritten(path, submission.rewriteDomains)
    const command: RcptCommand = { ...said, forwardPath }
    const { account } = this.client
    if (!this.mayRelay && !isPostmaster(forwardPath)) return replies.authRequired
    if (account !== undefined && !rate.take(account)) {
      events.rateLimited(account)
      return replies.sendingTooFast
    }
    return this.takeRecipient(command, (address) => resolveOne(directory, address))
  }

  async endOfData(): Promise<Reply> {
    return (await this.submitted()).reply
  }

  /** The message is ours, and said so. Throws ReplyError. */
  protected async submitted(): Promise<Accepted> {
    const { hostname, clock, random, events, submission: policy } = this.#options
    // The header is looked at as it came; its addresses are what they become.
    const isOwn = async (address: string): Promise<boolean> => {
      const mailbox = parseMailbox(address)
      return mailbox !== undefined && this.#isOwn(formatMailbox(rewritten(mailbox, policy.rewriteDomains)))
    }
    const accepted = await this.accept((header) =>
      submittedHeader(header, {
        policy,
        hostname,
        random,
        now: () => clock.now(),
        reversePath: this.#sender,
        isOwn: this.client.account === undefined ? undefined : isOwn,
      }),
    )
    events.submitted(accepted, this.connection)
    return accepted
  }
}

// RFC 5321 §4.5.1: whatever its case
function isPostmaster(path: RcptCommand['forwardPath']): boolean {
  return path === 'postmaster' || path.localPart.toLowerCase() === 'postmaster'
}
