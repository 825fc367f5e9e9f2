import type { AccountId, MailboxId, MailboxNews } from './ports.ts'

type Listener = (news: MailboxNews) => void

/** Tells watchers what a commit touched. News of one turn of the event loop are merged; those of the next are told anew. */
export class NewsDesk {
  readonly #watchers = new Map<AccountId, Set<Listener>>()
  #waiting = new Map<string, MailboxNews>()

  watch(account: AccountId, listener: Listener, signal: AbortSignal): void {
    if (signal.aborted) return
    const watchers = this.#watchers.get(account) ?? new Set()
    const watcher: Listener = (news) => {
      if (!signal.aborted) listener(news)
    }
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
      for (const watcher of this.#watchers.get(news.account) ?? []) {
        // In a microtask of its own: one that throws does not keep the news from the others.
        queueMicrotask(() => watcher(news))
      }
    }
  }

  #forget(account: AccountId, watcher: Listener): void {
    const watchers = this.#watchers.get(account)
    watchers?.delete(watcher)
    if (watchers?.size === 0) this.#watchers.delete(account)
  }
}
