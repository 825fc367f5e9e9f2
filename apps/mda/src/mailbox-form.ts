import type { ContentId, ContentStore } from '@cartero/content'
import { to8Bit } from '@cartero/message'
import type { SpooledMessage } from '@cartero/spool'

/** The octets as a mailbox holds them. `made` is pinned until the mailbox refers to it. */
export interface MailboxForm {
  readonly content: ContentId
  readonly size: number
  readonly made?: ContentId
}

/**
 * A mailbox holds no NUL, because IMAP could not hand it out: neither a string nor a literal may have one (RFC 9051 §4.3). So the
 * parts of a BINARYMIME message that have one are encoded in base64 on their way in; decoded, as BINARY.PEEK decodes them, they
 * are what was sent. Whatever has none stays as it is. A signature over such a part does not survive it; what could not be
 * encoded at all, a NUL in a header, becomes `?`.
 */
// RFC 3030 §3, RFC 2045 §2.8
export async function mailboxForm(
  { content, size, envelope }: SpooledMessage,
  store: Pick<ContentStore, 'get' | 'begin'>,
): Promise<MailboxForm> {
  const isFine = envelope.body !== 'BINARYMIME' || !(await hasNul(store.get(content)))
  if (isFine) return { content, size }
  const draft = store.begin()
  try {
    for await (const piece of to8Bit(store.get(content), { signed: 'convert', obstacles: 'mask' }))
      await draft.write(piece)
    const made = await draft.commit()
    return { content: made, size: draft.size, made }
  } catch (error) {
    draft.abort()
    throw error
  }
}

async function hasNul(octets: AsyncIterable<Buffer>): Promise<boolean> {
  for await (const piece of octets) if (piece.includes(0)) return true
  return false
}
