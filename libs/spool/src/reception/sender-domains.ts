import { replies, type ReversePath } from '@cartero/smtp'
import type { Reply } from '@cartero/smtp/server'
import type { MaybePromise } from '@cartero/wire'

/** Port: what the DNS knows of domains that send. May be absent; then nothing is asked. */
// RFC 2505 §2.9
export interface SenderDomains {
  /** Whether mail could be sent back there; `unknown` when the DNS cannot tell now. */
  look(domain: string): MaybePromise<'mail' | 'noMail' | 'nonexistent' | 'unknown'>
}

/** What a sender is told whose domain could get no notice. Literals and the null path are not looked up. */
export async function senderDomainVerdict(
  domains: SenderDomains,
  path: NonNullable<ReversePath>,
): Promise<Reply | undefined> {
  if (path.literal !== undefined) return undefined
  switch (await domains.look(path.domain)) {
    case 'mail':
      return undefined
    // RFC 7505 §4.3
    case 'noMail':
      return replies.senderHasNullMx
    case 'nonexistent':
      return replies.senderDomainUnknown
    case 'unknown':
      return replies.directoryAway
  }
}
