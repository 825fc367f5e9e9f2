import type { AccountId, MailboxId, MailboxNews } from './ports.ts'

type Listener = (news: MailboxNews) => void

/** Tells watchers what a commit touched. News of one turn of the event loop are merged; those of the next are told anew. */
export class NewsDesk {
  readonly #watchers = new Map<AccountId, Set<Listener>>()
  #waiting = new Map<string, MailboxNews>()

  watch(account: AccountId, listener: Listener, signal: AbortSignal): void {
    if (signal.aborted) return
    const watchers = this.#watchers.get(account) ?? new Set()
    // A listener that watches twice is told twice: each call has a signal of its own.
    const watcher: Listener = (news) => listener(news)
    this.#watchers.set(account, watchers.add(watcher))
    signal.addEventListener('abort', () => this.#forget(account, watcher), { once: true })
  }

  /** To be called after the commit. */
  tell(account: AccountId, mailbox: MailboxId, kind: MailboxNews['kind']): void {
    if (!this.#watchers.has(account)) return
    if (this.#waiting.size === 0) setImmediate(() => this.#deliver())
    this.#waiting.set(`${mailbox} ${kind}`, { account, mailbox, kind })
  }

  #deliver(): void {
    const told = this.#waiting
    this.#waiting = new Map()
    for (const news of told.values()) {
      // Listeners may come and go while they are told.
      const watchers = [...(this.#watchers.get(news.account) ?? [])]
      for (const watcher of watchers) callBack(watcher, news)
    }
  }

  #forget(account: AccountId, watcher: Listener): void {
    const watchers = this.#watchers.get(account)
    watchers?.delete(watcher)
    if (watchers?.size === 0) this.#watchers.delete(account)
  }
}

/** A listener that throws must not keep the news from the others: its error surfaces as an uncaught exception of its own. */
function callBack(watcher: Listener, news: MailboxNews): void {
  try {
    watcher(news)
  } catch (error) {
    queueMicrotask(() => {
      throw error
    })
  }
}
