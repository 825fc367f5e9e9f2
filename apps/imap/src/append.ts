import type { ContentDraft, ContentStore } from '@cartero/content'
import { refusals, type AppendSink, type AppendTarget } from '@cartero/imap/server'
import type { AccountId, AppendOutcome, MailStore } from '@cartero/mailstore'
import { MessageIndexer } from '@cartero/message'
import type { MaybePromise } from '@cartero/wire'
import { refusalOf, refusing } from './refusal-of.ts'

const NO_PREFIX = Buffer.alloc(0)

/** Where an appended message goes, and who says what time it is. */
export interface AppendContext {
  readonly store: MailStore
  readonly content: ContentStore
  readonly account: AccountId
  readonly now: () => number
}

/** Begins an APPEND. Throws ImapRefusal before an octet is asked for, when it could only fail. */
export async function beginAppend(context: AppendContext, target: AppendTarget): Promise<AppendSink> {
  const mailbox = await refusing(context.store.mailbox(context.account, target.mailbox))
  if (mailbox === undefined || mailbox.noSelect) throw refusals.tryCreate()
  const usage = await refusing(context.store.usage(context.account))
  if (usage !== undefined && usage.quota > 0 && usage.octets + target.size > usage.quota) {
    throw refusals.overQuota()
  }
  return new AppendedMessage(context, target)
}

/** A message on its way in: written and indexed as its octets come, so that none is held. */
class AppendedMessage implements AppendSink {
  readonly #context: AppendContext
  readonly #target: AppendTarget
  readonly #draft: ContentDraft
  readonly #indexer = new MessageIndexer()

  constructor(context: AppendContext, target: AppendTarget) {
    this.#context = context
    this.#target = target
    this.#draft = context.content.begin()
  }

  write(bytes: Buffer): MaybePromise<void> {
    this.#indexer.write(bytes)
    try {
      const written = this.#draft.write(bytes)
      return written && refusing(written)
    } catch (error) {
      throw refusalOf(error)
    }
  }

  /** Content first, then the row that refers to it: a crash between them leaves space to reclaim, never a row without octets. */
  async finish(): Promise<{ readonly uidValidity: number; readonly uid: number }> {
    const { store, content, account, now } = this.#context
    const { mailbox, flags, internalDate, size } = this.#target
    const index = this.#indexer.end()
    const id = await refusing(this.#draft.commit())
    const message = { account, mailbox, content: id, prefix: NO_PREFIX, index, size, flags }
    try {
      const [outcome] = await refusing(store.append([{ ...message, internalDate: internalDate ?? now() }]))
      return appended(outcome!)
    } finally {
      content.unpin(id)
    }
  }

  abort(): void {
    this.#draft.abort()
  }
}

function appended(outcome: AppendOutcome): { readonly uidValidity: number; readonly uid: number } {
  switch (outcome.kind) {
    case 'appended':
      return outcome
    case 'noMailbox':
    case 'noAccount':
      throw refusals.tryCreate()
    case 'overQuota':
      throw refusals.overQuota()
    case 'duplicate':
      throw new TypeError('an append without a key cannot be a duplicate')
  }
}
