import { isAddressField, mailboxesOf, parseAddressList, type HeaderBlock } from '@cartero/message'
import { ReplyError, replies } from '@cartero/smtp/server'

/**
 * Throws ReplyError for an address in the header that has no domain, or one of a single label. A group without members
 * (`undisclosed-recipients:;`) has no address that could be wrong.
 */
// RFC 6409 §5.1, RFC 6409 §4.2
export function checkHeaderAddresses(header: HeaderBlock): void {
  for (const field of header.fields) {
    if (!isAddressField(field)) continue
    for (const { host } of mailboxesOf(parseAddressList(field.rawValue)))
      if (!isQualified(host))
        throw new ReplyError(replies.malformedHeader(`incomplete address in ${field.name}`))
  }
}

function isQualified(host: string): boolean {
  return host.startsWith('[') || host.includes('.')
}
