import { addressSpecOf, mailboxesOf, parseAddressList, type HeaderBlock } from '@cartero/message'

/** The addresses of one field, as the directory is asked for them. */
export function addressesIn(header: HeaderBlock, field: string): readonly string[] {
  return header
    .findAll(field)
    .flatMap(({ rawValue }) => mailboxesOf(parseAddressList(rawValue)))
    .map((mailbox) => Buffer.from(addressSpecOf(mailbox), 'latin1').toString())
}
