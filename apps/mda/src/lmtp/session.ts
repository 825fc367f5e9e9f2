import { createHash, type Hash } from 'node:crypto'
import { ContentStoreError, type ContentDraft, type ContentStore } from '@cartero/content'
import type { Resolution, Target } from '@cartero/contracts/directory'
import { resolveOne, type AnyDirectory } from '@cartero/directory'
import { MailStoreError, type AppendOutcome, type MailStore } from '@cartero/mailstore'
import { HeaderScanner, receivedField, transmissionType } from '@cartero/message'
import { formatPath, ReplyError } from '@cartero/smtp'
import {
  replies,
  type Ending,
  type GreetingCommand,
  type LmtpSession,
  type MailCommand,
  type RcptCommand,
  type Reply,
  type SmtpSession,
  type Verdict,
} from '@cartero/smtp/server'
import type { QueueIds } from '@cartero/spool'
import { MAX_HOPS, recipientVerdict, withDirectory } from '@cartero/spool/reception'
import { formatMailbox } from '@cartero/syntax'
import type { Clock, ConnectionFacts, MaybePromise, TlsFacts } from '@cartero/wire'
import type { Events } from '../events.ts'
import { mailboxPrefix } from '../final-trace.ts'
import { appendTo } from '../mailboxes.ts'
import type { Letter, Packer } from '../parcel.ts'
import type { Unconfirmed } from './unconfirmed.ts'

export interface DeliverySessionOptions {
  readonly hostname: string
  readonly directory: AnyDirectory
  readonly mailStore: MailStore
  readonly content: ContentStore
  readonly packer: Packer
  readonly unconfirmed: Unconfirmed
  readonly ids: QueueIds
  readonly clock: Clock
  readonly events: Events
  /** Who may come in. */
  readonly isTrusted: (address: string) => boolean
}

/** A recipient that was accepted, and the mailboxes that it stands for. */
interface Accepted {
  readonly address: string
  readonly targets: readonly Target[]
}

/** One message on its way in. */
interface Transaction {
  readonly reversePath: string
  readonly isUtf8: boolean
  readonly recipients: Accepted[]
  readonly header: HeaderScanner
  readonly digest: Hash
  draft?: ContentDraft
}

/**
 * Other agents' last step into our mailboxes: the message is in the mailbox, durable, before its recipient is answered 250.
 * Success is reported by whoever hands it over, so the DSN extension is not offered.
 */
// RFC 2033
export class DeliverySession implements SmtpSession, LmtpSession {
  readonly #connection: ConnectionFacts
  readonly #on: DeliverySessionOptions
  #greeting: GreetingCommand | undefined
  #tls: TlsFacts | undefined
  #transaction: Transaction | undefined
  /** The message whose answers the client may not have heard. */
  #answered: { readonly digest: string; readonly recipients: readonly string[] } | undefined

  constructor(connection: ConnectionFacts, options: DeliverySessionOptions) {
    this.#connection = connection
    this.#on = options
    this.#tls = connection.tls
  }

  // RFC 2033 §5: never on a port for everybody
  greeting(): Verdict {
    const { remoteAddress } = this.#connection
    return this.#on.isTrusted(remoteAddress) ? undefined : replies.noService(this.#on.hostname)
  }

  helo(client: GreetingCommand): Verdict {
    this.#greeting = client
    return undefined
  }

  tlsStarted(tls: TlsFacts): void {
    this.#tls = tls
    this.#greeting = undefined
  }

  mail({ reversePath, parameters }: MailCommand): Verdict {
    this.#heard()
    this.#transaction = {
      reversePath: formatPath(reversePath),
      isUtf8: parameters.smtpUtf8 === true,
      recipients: [],
      header: new HeaderScanner(['Received']),
      digest: createHash('sha256'),
    }
    return undefined
  }

  rcpt({ forwardPath }: RcptCommand): MaybePromise<Verdict> {
    const address = forwardPath === 'postmaster' ? 'postmaster' : formatMailbox(forwardPath)
    return withDirectory(resolveOne(this.#on.directory, address), (resolution) => {
      const refusal = recipientVerdict(resolution, replies.noSuchMailbox) ?? leadsAway(resolution)
      if (refusal === undefined) this.#transaction!.recipients.push({ address, targets: resolution.targets })
      return refusal
    })
  }

  data(): Verdict {
    this.#transaction!.draft = this.#on.content.begin()
    return undefined
  }

  body(octets: Buffer): MaybePromise<void> {
    const { header, digest, draft } = this.#transaction!
    header.write(octets)
    digest.update(octets)
    try {
      const written = draft!.write(octets)
      return written instanceof Promise ? written.catch(refuse) : undefined
    } catch (error) {
      return refuse(error)
    }
  }

  /** The machine asks for each; it would ask this of a session that cannot. */
  endOfData(): Reply {
    return replies.tryLater
  }

  async endOfDataForEach(): Promise<readonly Reply[]> {
    const transaction = this.#transaction!
    this.#transaction = undefined
    const { recipients, header, draft } = transaction
    header.end()
    // RFC 5321 §6.3
    if (header.count('Received') >= MAX_HOPS) {
      draft!.abort()
      return recipients.map(() => replies.loop)
    }
    const id = this.#identify(transaction)
    try {
      return await this.#deliver(transaction, id)
    } catch (error) {
      draft!.abort()
      const reply = refusalOf(error)
      if (reply === undefined) throw error
      return recipients.map(() => reply)
    }
  }

  reset(): void {
    this.#transaction?.draft?.abort()
    this.#transaction = undefined
    this.#heard()
  }

  /** Who said QUIT has heard everything; of the others nobody knows. */
  closed(how: Ending): void {
    if (how === 'quit') this.#heard()
  }

  /** The client has gone on after our answers. */
  #heard(): void {
    if (this.#answered === undefined) return
    this.#on.unconfirmed.confirm(this.#answered.digest, this.#answered.recipients)
    this.#answered = undefined
  }

  /** The id of the message; the one it had already when the client comes again. From here on its answers may get lost. */
  #identify({ reversePath, recipients, digest }: Transaction): string {
    const { unconfirmed, ids } = this.#on
    digest.update(`\0${reversePath}`)
    this.#answered = { digest: digest.digest('hex'), recipients: recipients.map(({ address }) => address) }
    return unconfirmed.idOf(this.#answered.digest, this.#answered.recipients, ids.next())
  }

  async #deliver(transaction: Transaction, id: string): Promise<readonly Reply[]> {
    const { content: store, clock, events } = this.#on
    const draft = transaction.draft!
    const content = await draft.commit()
    try {
      const letter = { content, size: draft.size, receivedAt: clock.now(), key: `lmtp.${id}` }
      const outcomes = await this.#append(transaction, letter, id)
      events.receivedByLmtp(this.#connection.remoteAddress, outcomes.length, letter.size)
      return outcomes.map((kinds) => replyTo(kinds, id))
    } finally {
      store.unpin(content)
    }
  }

  /** Each recipient for itself; an alias for all of its mailboxes or none, since it has one answer. */
  async #append(
    transaction: Transaction,
    letter: Letter,
    id: string,
  ): Promise<readonly (readonly AppendOutcome['kind'][])[]> {
    const { mailStore, packer } = this.#on
    const received = this.#received(transaction, id)
    const copies = transaction.recipients.map(({ targets }) =>
      targets.map(({ account }) => ({
        account,
        prefix: mailboxPrefix(transaction.reversePath, account, received),
      })),
    )
    const messages = await packer.pack(letter, copies.flat())
    const outcomes: AppendOutcome['kind'][][] = []
    let at = 0
    for (const { length } of copies) {
      const own = messages.slice(at, (at += length))
      outcomes.push((await appendTo(mailStore, own, { allOrNothing: true })).map(({ kind }) => kind))
    }
    return outcomes
  }

  // RFC 5321 §4.4, RFC 3848
  #received({ isUtf8, recipients }: Transaction, id: string): Buffer {
    const { hostname, clock } = this.#on
    const tls = this.#tls
    const [only, ...others] = recipients
    const reception = {
      extended: true,
      tls: tls !== undefined,
      authenticated: false,
      utf8: isUtf8,
      lmtp: true,
    }
    return receivedField({
      from: { helo: this.#greeting?.name ?? 'unknown', address: this.#connection.remoteAddress },
      by: hostname,
      with: transmissionType(reception),
      ...(tls && { tls: { version: tls.version, cipher: tls.cipher } }),
      id,
      ...(only !== undefined && others.length === 0 && { for: only.address }),
      at: clock.now(),
    })
  }
}

/** This door puts mail into mailboxes and has no way out: half of an alias would be lost. */
function leadsAway({ forwards }: Resolution): Reply | undefined {
  return forwards.length > 0 ? replies.noRouteOut : undefined
}

/** What one recipient is answered, by what became of its copies. */
function replyTo(kinds: readonly AppendOutcome['kind'][], id: string): Reply {
  if (kinds.includes('overQuota')) return replies.mailboxFull
  if (kinds.every((kind) => kind === 'appended' || kind === 'duplicate')) return replies.deliveredAs(id)
  return replies.mailboxBusy
}

/** Our store's fault, in words for the client; undefined when it is a bug. */
function refusalOf(error: unknown): Reply | undefined {
  if (!(error instanceof ContentStoreError) && !(error instanceof MailStoreError)) return undefined
  return error.fault === 'full' ? replies.storeFull : replies.storeAway
}

/** The same while the message comes. Throws ReplyError, or what is a bug. */
function refuse(cause: unknown): never {
  const reply = refusalOf(cause)
  throw reply === undefined ? cause : new ReplyError(reply, { reason: String(cause), fault: 'store', cause })
}
