import type { ContentStore } from '@cartero/content'
import type {
  ClientId,
  CopyCommand,
  FetchCommand,
  FetchedMessage,
  MessageNumbers,
  SearchKey,
  StatusItem,
  StatusValue,
  StoreCommand,
  UntaggedResponse,
} from '@cartero/imap'
import {
  ImapRefusal,
  refusals,
  type AppendSink,
  type AppendTarget,
  type Copied,
  type Found,
  type FullSession,
  type ListedMailbox,
  type SelectedMailbox,
  type Stored,
} from '@cartero/imap/server'
import type { AccountId, MailboxNews, MailStore, SpecialUse } from '@cartero/mailstore'
import type { Doorkeeper, Visit } from '@cartero/directory/doorkeeper'
import type { SaslServerMechanism } from '@cartero/sasl'
import type { Clock, ConnectionFacts, MaybePromise, TlsFacts } from '@cartero/wire'
import { beginAppend } from './append.ts'
import type { Events } from './events.ts'
import { fetchMessages } from './fetch.ts'
import { mailboxStatus } from './mailbox-status.ts'
import { MailboxView } from './mailbox-view.ts'
import type { MessageCache } from './message-cache.ts'
import { refusing, refusingTarget } from './refusal-of.ts'
import { searchMessages } from './search.ts'
import type { SessionCount } from './session-count.ts'
import { storeFlags } from './store.ts'

export interface SessionContext {
  readonly connection: ConnectionFacts
  readonly mailStore: MailStore
  readonly content: ContentStore
  readonly doorkeeper: Doorkeeper
  readonly sessions: SessionCount
  readonly cache: MessageCache
  readonly clock: Clock
  readonly events: Events
  /** Lets the connection speak: there are updates while it idles. */
  readonly wake: () => void
}

const SPECIAL_USES: ReadonlySet<string> = new Set<SpecialUse>([
  '\\All',
  '\\Archive',
  '\\Drafts',
  '\\Flagged',
  '\\Junk',
  '\\Sent',
  '\\Trash',
])

const NOTHING: readonly UntaggedResponse[] = []

/** One connection's session over the mailstore. */
export class MailSession implements FullSession {
  readonly servesBinary = true
  readonly hasSpecialUses = true
  readonly #context: SessionContext
  readonly #left = new AbortController()
  #mechanism = 'LOGIN'
  #tls: TlsFacts | undefined
  #account: AccountId | undefined
  #view: MailboxView | undefined
  #idling = false

  constructor(context: SessionContext) {
    this.#context = context
    this.#tls = context.connection.tls
  }

  // Any state

  updates(expunges: boolean): MaybePromise<readonly UntaggedResponse[]> {
    return this.#view?.updates(expunges) ?? NOTHING
  }

  poll(): void {
    this.#view?.touched()
  }

  identify(client: ClientId): ReadonlyMap<string, string> {
    this.#context.events.identified(this.#context.connection, client)
    return new Map([['name', 'Cartero']])
  }

  closed(): void {
    this.#left.abort()
    this.#countOff()
    this.#view = undefined
  }

  /** However a session ends, and whatever it was waiting for then: it is counted off once. */
  #countOff(): void {
    if (this.#account !== undefined) this.#context.sessions.leave(this.#account)
    this.#account = undefined
  }

  // Not authenticated

  tlsStarted(tls: TlsFacts): void {
    this.#tls = tls
  }

  mechanisms(passwordsMayCross: boolean): readonly string[] {
    return this.#context.doorkeeper.mechanisms(this.#visit(passwordsMayCross))
  }

  startSasl(mechanism: string): SaslServerMechanism {
    this.#mechanism = mechanism
    const exchange = this.#context.doorkeeper.start(mechanism, this.#visit(true))
    return { next: (response) => this.#observed(exchange, response) }
  }

  /** PLAIN knows how login and password are prepared and compared. */
  async login(user: string, password: string): Promise<void> {
    const exchange = this.startSasl('PLAIN')
    this.#mechanism = 'LOGIN'
    const step = await exchange.next(Buffer.from(`\0${user}\0${password}`))
    if (step.kind === 'success') return this.enter(step.account)
    const cause = step.kind === 'failure' ? step.cause : undefined
    if (step.kind === 'failure' && step.reason === 'unavailable') throw refusals.unavailable(cause)
    throw refusals.authenticationFailed(cause)
  }

  /** The machine refuses what may not cross before it asks. */
  #visit(inTheClear: boolean): Visit {
    return { remoteAddress: this.#context.connection.remoteAddress, tls: this.#tls, inTheClear }
  }

  async enter(account: AccountId): Promise<void> {
    const { mailStore, sessions, events, connection } = this.#context
    // The client may leave while its password is checked.
    if (this.#left.signal.aborted) return
    try {
      sessions.enter(account)
    } catch (error) {
      events.tooManySessions(connection, account)
      throw error
    }
    this.#account = account
    try {
      if ((await mailStore.usage(account)) === undefined) await mailStore.provision(account)
    } catch (error) {
      this.#countOff()
      throw refusals.unavailable(error)
    }
    if (this.#left.signal.aborted) return
    mailStore.watch(account, this.#onNews, this.#left.signal)
    events.authenticated(connection, account, this.#mechanism)
  }

  // Authenticated

  async mailboxes(): Promise<readonly ListedMailbox[]> {
    return refusing(this.#context.mailStore.mailboxes(this.#owner))
  }

  async subscriptions(): Promise<readonly string[]> {
    return refusing(this.#context.mailStore.subscriptions(this.#owner))
  }

  status(mailbox: string, items: readonly StatusItem[]): Promise<readonly StatusValue[]> {
    return mailboxStatus(this.#context.mailStore, this.#owner, mailbox, items)
  }

  async select(name: string, readOnly: boolean): Promise<SelectedMailbox> {
    this.#view = undefined
    const { mailStore } = this.#context
    const mailbox = await refusing(mailStore.mailbox(this.#owner, name))
    if (mailbox === undefined || mailbox.noSelect) throw refusals.noMailbox()
    this.#view = await MailboxView.open(mailStore, mailbox, readOnly)
    if (this.#condstore) this.#view.tracker.tellModseq()
    return this.#view.description()
  }

  async create(name: string, specialUse?: string): Promise<void> {
    const use = specialUse === undefined ? undefined : specialUseNamed(specialUse)
    await refusing(this.#context.mailStore.createMailbox(this.#owner, name, use))
  }

  async delete(name: string): Promise<void> {
    await refusing(this.#context.mailStore.deleteMailbox(this.#owner, name))
  }

  async rename(from: string, to: string): Promise<void> {
    await refusing(this.#context.mailStore.renameMailbox(this.#owner, from, to))
  }

  async subscribe(name: string, subscribed: boolean): Promise<void> {
    await refusing(this.#context.mailStore.subscribe(this.#owner, name, subscribed))
  }

  async append(target: AppendTarget): Promise<AppendSink> {
    const { mailStore: store, content, clock, events, connection } = this.#context
    const account = this.#owner
    const sink = await beginAppend({ store, content, account, now: () => clock.now() }, target)
    return {
      write: (bytes) => sink.write(bytes),
      abort: () => sink.abort(),
      finish: async () => {
        const place = await sink.finish()
        events.appended(connection, account, target.size)
        this.#written(target.mailbox)
        return place
      },
    }
  }

  // Selected

  async unselect(expunge: boolean): Promise<void> {
    const view = this.#selected
    this.#view = undefined
    if (expunge && !view.readOnly) await refusing(this.#context.mailStore.expunge(view.mailbox.id))
  }

  fetch(command: FetchCommand): AsyncIterable<readonly FetchedMessage[]> {
    const { mailStore: store, content, cache } = this.#context
    if (command.changedSince !== undefined || command.items.some(({ item }) => item === 'MODSEQ')) {
      this.enableCondstore()
    }
    const sequences = this.#resolve(command.numbers)
    return fetchMessages({ view: this.#selected, store, content, cache }, command, sequences)
  }

  async search(criteria: SearchKey): Promise<Found> {
    const { mailStore: store, content, cache } = this.#context
    return searchMessages({ view: this.#selected, store, content, cache }, criteria)
  }

  async store(command: StoreCommand): Promise<Stored> {
    return storeFlags(this.#selected, this.#context.mailStore, command, this.#resolve(command.numbers))
  }

  async expunge(numbers?: MessageNumbers): Promise<void> {
    const view = this.#writable
    const uids = numbers && this.#uids(numbers)
    const { vanished } = await refusing(this.#context.mailStore.expunge(view.mailbox.id, uids))
    view.tracker.vanished(vanished)
  }

  async copy({ numbers, mailbox }: CopyCommand): Promise<Copied> {
    const { mailStore } = this.#context
    const from = this.#selected.mailbox.id
    const copied = await refusingTarget(mailStore.copy(from, this.#uids(numbers), this.#owner, mailbox))
    this.#written(mailbox)
    return copied
  }

  async move({ numbers, mailbox }: CopyCommand): Promise<Copied> {
    const view = this.#writable
    const uids = this.#uids(numbers)
    const work = this.#context.mailStore.move(view.mailbox.id, uids, this.#owner, mailbox)
    const moved = await refusingTarget(work)
    view.tracker.vanished(moved.pairs.map(([uid]) => uid))
    this.#written(mailbox)
    return moved
  }

  // Beside

  idle(idling: boolean): void {
    this.#idling = idling
    this.#view?.touched()
  }

  saveResult(uids: readonly number[]): void {
    this.#selected.tracker.save(uids)
  }

  #condstore = false

  enableCondstore(): void {
    this.#condstore = true
    this.#view?.tracker.tellModseq()
  }

  readonly #onNews = (news: MailboxNews): void => {
    if (news.mailbox !== this.#view?.mailbox.id) return
    this.#view.touched()
    if (this.#idling) this.#context.wake()
  }

  /** RFC 3501 §6.3.11: who puts a message into the selected mailbox is told of it at once. */
  #written(name: string): void {
    if (name === this.#view?.mailbox.name) this.#view.touched()
  }

  async #observed(exchange: SaslServerMechanism, response: Buffer | undefined) {
    const step = await exchange.next(response)
    if (step.kind === 'failure') {
      const { events, connection } = this.#context
      events.authenticationFailed(connection, this.#mechanism, step.reason)
    }
    return step
  }

  #resolve(numbers: MessageNumbers): readonly number[] {
    const sequences = this.#selected.tracker.resolve(numbers)
    if (sequences === undefined) throw new ImapRefusal({ code: 'CLIENTBUG' }, 'No message has that number')
    return sequences
  }

  #uids(numbers: MessageNumbers): readonly number[] {
    const { tracker } = this.#selected
    return this.#resolve(numbers).map((sequence) => tracker.row(sequence).uid)
  }

  get #owner(): AccountId {
    if (this.#account === undefined) throw new TypeError('nobody has logged in')
    return this.#account
  }

  get #selected(): MailboxView {
    if (this.#view === undefined) throw new TypeError('no mailbox is selected')
    return this.#view
  }

  get #writable(): MailboxView {
    const view = this.#selected
    if (view.readOnly) throw refusals.readOnly()
    return view
  }
}

/** The special use of that name, whatever its case. Throws ImapRefusal USEATTR (RFC 6154 §3). */
function specialUseNamed(name: string): SpecialUse {
  const use = [...SPECIAL_USES].find((known) => known.toLowerCase() === name.toLowerCase())
  if (use === undefined) throw new ImapRefusal({ code: 'USEATTR' }, 'Special use is not known')
  return use as SpecialUse
}
