import type { HeaderBlock } from '@cartero/message'
import { isAsciiText } from '@cartero/syntax'
import { addressesIn } from './authors.ts'
import type { OwnAddress } from './header-rights.ts'

/**
 * `Sender` for a message whose author is not the one who sends it: the sender of the envelope, which recipients see
 * anyway, and never the account, which is nobody's business. Undefined when there is no need, or no address to name.
 */
// RFC 6409 §8.1
export async function senderField(
  header: HeaderBlock,
  reversePath: string,
  isOwn: OwnAddress,
): Promise<string | undefined> {
  if (reversePath === '' || header.find('Sender') !== undefined) return undefined
  const authors = addressesIn(header, 'From')
  if (authors.length === 0 || (await areOwn(authors, isOwn))) return undefined
  return isAsciiText(reversePath) ? `Sender: <${reversePath}>\r\n` : undefined
}

/** One author who is the account; several are a reason to say who sent it, whoever they are. RFC 5322 §3.6.2 */
async function areOwn(authors: readonly string[], isOwn: OwnAddress): Promise<boolean> {
  return authors.length === 1 && (await isOwn(authors[0]!))
}
