import { GREATER, LESS } from '../octets.ts'
import { addressSpecOf, mailboxesOf, parseAddressList } from './address-list.ts'
import { FieldScanner } from './field-scanner.ts'
import type { OctetString } from '../octet-string.ts'

/** The address of Return-Path (RFC 5322 §3.6.7) without brackets, '' for the null path `<>`, undefined when it is neither. */
export function parseReturnPath(value: Buffer): OctetString | undefined {
  const scanner = new FieldScanner(value)
  scanner.cfws()
  if (scanner.octet(LESS)) {
    scanner.cfws()
    if (scanner.octet(GREATER)) return ''
  }
  const mailbox = mailboxesOf(parseAddressList(value, 1))[0]
  return mailbox === undefined || mailbox.host === '' ? undefined : addressSpecOf(mailbox)
}
