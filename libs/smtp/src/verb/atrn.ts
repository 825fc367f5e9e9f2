import { parseDomain, type Domain } from '@cartero/syntax'
import type { CommandScanner } from '../command-scanner.ts'
import { replies } from '../replies.ts'
import { ReplyError } from '../reply-error.ts'

/** ATRN: the client asks for the mail of its domains, and will take it as a server on the same connection. */
// RFC 2645 §5.2.1
export interface AtrnCommand {
  readonly verb: 'ATRN'
  /** Each once, in the order in which they were first said. None asks for all that are the client's. */
  readonly domains: readonly Domain[]
}

const SYNTAX = replies.syntax('ATRN [<domain>[,<domain>...]]')

/** Each must be a domain name, and nothing that could mean several. */
// RFC 2645 §5.2.1: atrn = "ATRN" [SP domain *("," domain)]
// RFC 2645 §5.2.1 deviation: spaces beside the commas are let pass, as clients send them, and names of one label, which a
// network of its own may have.
// RFC 6531 §3.7.1 deviation: a U-label is read as the A-label that should have been said.
export function parseAtrn(scanner: CommandScanner): AtrnCommand {
  if (scanner.lineEnd()) return { verb: 'ATRN', domains: [] }
  const domains = new Set<Domain>()
  for (const text of scanner.text()?.split(',') ?? ['']) {
    const domain = parseDomain(text.replaceAll(/^ +| +$/g, ''))
    if (domain === undefined) throw new ReplyError(SYNTAX)
    domains.add(domain)
  }
  return { verb: 'ATRN', domains: [...domains] }
}

/** What is no domain is said so that it is refused, and not taken for several or for the end of the line. */
export function formatAtrn(domains: readonly string[]): string {
  if (domains.length === 0) return 'ATRN'
  return `ATRN ${domains.map((text) => parseDomain(text) ?? `?${text.replaceAll(/[^!-~]|,/g, '?')}`).join(',')}`
}
