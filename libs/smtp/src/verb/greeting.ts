import {
  DOMAIN_OCTETS,
  parseAddressLiteral,
  parseDomain,
  type AddressLiteral,
  type Domain,
} from '@cartero/syntax'
import type { CommandScanner } from '../command-scanner.ts'
import { replies } from '../replies.ts'
import { ReplyError } from '../reply-error.ts'

/** HELO, EHLO, or LHLO in LMTP: the client says who it is. */
// RFC 5321 §4.1.1.1, RFC 2033 §4.1
export interface GreetingCommand {
  readonly verb: 'HELO' | 'EHLO' | 'LHLO'
  /** As the client said it. */
  readonly name: string
  /** Present when the name is a domain name. Nothing says yet that it is the client's. */
  readonly domain?: Domain
  /** Present when the name is an address literal. */
  readonly literal?: AddressLiteral
}

/**
 * Reads the name. Names that are neither domain nor literal (`MY_PC`, `localhost.`) are kept as text for the session to
 * judge.
 */
// RFC 5321 §4.1.1.1 deviation: any visible word is let pass as a name; printers and old clients have no better one.
// RFC 6531 §3.7.1 deviation: a U-label is read as the A-label that should have been said.
export function parseGreeting(verb: GreetingCommand['verb'], scanner: CommandScanner): GreetingCommand {
  const start = scanner.offset
  const domain = scanner.domain()
  if (domain !== undefined && scanner.lineEnd()) return { verb, name: domain, domain }
  scanner.offset = start
  const name = scanner.word()
  if (name === undefined || name.length > DOMAIN_OCTETS || !scanner.lineEnd()) {
    throw new ReplyError(replies.badHostname)
  }
  const literal = parseAddressLiteral(name)
  return literal === undefined ? { verb, name } : { verb, name, literal }
}

/** @param name a domain, or an address literal in its brackets */
// RFC 6531 §3.7.1: nobody has offered SMTPUTF8 yet, so a U-label is said as its A-label
export function formatGreeting(verb: GreetingCommand['verb'], name: string): string {
  return `${verb} ${parseDomain(name) ?? name}`
}
