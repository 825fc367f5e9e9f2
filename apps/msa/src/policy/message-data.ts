import type { HeaderScanner } from '@cartero/message'
import { ReplyError, replies } from '@cartero/smtp/server'

/** Fields of which there may be one. */
// RFC 5322 §3.6
const ONCE = [
  'Date',
  'From',
  'Sender',
  'Reply-To',
  'To',
  'Cc',
  'Message-ID',
  'In-Reply-To',
  'References',
  'Subject',
] as const

/** Throws ReplyError for a message of which readers would see different authors, dates or subjects. */
// RFC 6409 §6.3
export function checkMessageData(header: HeaderScanner): void {
  const twice = ONCE.find((name) => header.count(name) > 1)
  if (twice !== undefined) throw new ReplyError(replies.malformedHeader(`several ${twice} fields`))
}
