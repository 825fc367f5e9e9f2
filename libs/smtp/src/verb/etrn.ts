import { parseDomain } from '@cartero/syntax'
import type { CommandScanner } from '../command-scanner.ts'
import { replies } from '../replies.ts'
import { ReplyError } from '../reply-error.ts'

/** What ETRN asks to be sent: mail for a domain, for it and all below it (`@`), or a queue of the server's own naming (`#`). */
// RFC 1985 §5.3
export interface QueueNode {
  readonly kind: 'domain' | 'subdomains' | 'queue'
  /** A domain in A-labels and lower case, or the name of the queue as it was said. Never a pattern. */
  readonly name: string
}

/** ETRN: the client asks that what waits for it is tried now, over connections that the server makes. */
// RFC 1985 §5
export interface EtrnCommand {
  readonly verb: 'ETRN'
  readonly node: QueueNode
}

/** No grammar says what a queue may be called; no more than a word can be a pattern, a path or a statement. */
const QUEUE_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/

const SIGNS = { domain: '', subdomains: '@', queue: '#' } as const

// RFC 1985 §5: ETRN [<option character>]<node name>
// RFC 6531 §3.7.1 deviation: a U-label is read as the A-label that should have been said.
export function parseEtrn(scanner: CommandScanner): EtrnCommand {
  const text = scanner.text() ?? ''
  const node = parseNode(text)
  if (node === undefined) throw new ReplyError(replies.syntax('ETRN <domain>, @<domain> or #<queue>'))
  return { verb: 'ETRN', node }
}

function parseNode(text: string): QueueNode | undefined {
  if (text.startsWith('#')) {
    const name = text.slice(1)
    return QUEUE_NAME.test(name) ? { kind: 'queue', name } : undefined
  }
  const kind = text.startsWith('@') ? 'subdomains' : 'domain'
  const name = parseDomain(text.slice(SIGNS[kind].length))
  return name === undefined ? undefined : { kind, name }
}

export function formatEtrn({ node }: EtrnCommand): string {
  return `ETRN ${formatNode(node)}`
}

/** As it is said: `home.example`, `@home.example`, `#uucp`. */
export function formatNode({ kind, name }: QueueNode): string {
  return SIGNS[kind] + name
}
