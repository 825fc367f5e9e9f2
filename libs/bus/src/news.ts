/**
 * Tells whoever cares, and never waits. News may be lost: that costs who wanted to hear them the interval at which he looks for himself,
 * and nothing else. Subjects are words with dots between them: `work.local`, `mailbox.17`.
 */
export interface NewsBoard {
  /** Never throws. The body is small: a kilobyte. */
  tell(subject: string, body?: Uint8Array): void
  /** Hears what others tell from now on, and what is told here. `*` stands for one word. */
  hear(subject: string, listener: (news: News) => void, signal: AbortSignal): void
}

export interface News {
  readonly subject: string
  readonly body: Uint8Array
}
