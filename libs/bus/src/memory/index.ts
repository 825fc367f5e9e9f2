/**
 * News within one process.
 * @packageDocumentation
 */
import type { News, NewsBoard } from '../news.ts'

/** For one process, and for tests of several stores in one. */
export class LocalNews implements NewsBoard {
  readonly #listeners = new Set<{
    readonly words: readonly string[]
    readonly listener: (news: News) => void
  }>()

  tell(subject: string, body: Uint8Array = new Uint8Array()): void {
    const words = subject.split('.')
    for (const entry of this.#listeners) if (isMeant(entry.words, words)) entry.listener({ subject, body })
  }

  hear(subject: string, listener: (news: News) => void, signal: AbortSignal): void {
    if (signal.aborted) return
    const entry = { words: subject.split('.'), listener }
    this.#listeners.add(entry)
    signal.addEventListener('abort', () => this.#listeners.delete(entry), { once: true })
  }
}

function isMeant(wanted: readonly string[], words: readonly string[]): boolean {
  return wanted.length === words.length && wanted.every((word, i) => word === '*' || word === words[i])
}
