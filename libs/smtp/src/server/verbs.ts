import type { Protocol } from './options.ts'
import { atrn } from './verb/atrn.ts'
import { auth } from './verb/auth.ts'
import { bdat } from './verb/bdat.ts'
import { data } from './verb/data.ts'
import { etrn } from './verb/etrn.ts'
import { ehlo, helo } from './verb/greeting.ts'
import { help } from './verb/help.ts'
import { expn, vrfy } from './verb/look-up.ts'
import { lhlo } from './verb/lhlo.ts'
import { mail } from './verb/mail.ts'
import { noop } from './verb/noop.ts'
import { quit } from './verb/quit.ts'
import { rcpt } from './verb/rcpt.ts'
import type { VerbRow } from './verb/row.ts'
import { rset } from './verb/rset.ts'
import { saml, send, soml } from './verb/send.ts'
import { starttls } from './verb/starttls.ts'
import { turn } from './verb/turn.ts'
import { xclient } from './verb/xclient.ts'
import { xforward } from './verb/xforward.ts'

/** The one table of what is implemented; HELP is derived from it. */
export const VERBS: readonly VerbRow[] = [
  helo,
  ehlo,
  lhlo,
  mail,
  send,
  soml,
  saml,
  rcpt,
  data,
  bdat,
  rset,
  noop,
  quit,
  vrfy,
  expn,
  help((protocol) => VERBS.filter((row) => isKnown(row, protocol) && isSpoken(row, protocol))),
  starttls,
  auth,
  etrn,
  atrn,
  turn,
  xclient,
  xforward,
]

const BY_NAME: ReadonlyMap<string, VerbRow> = new Map(VERBS.map((row) => [row.verb, row]))

/** @param verb in upper case */
export function findVerb(verb: string, protocol: Protocol): VerbRow | undefined {
  const row = BY_NAME.get(verb)
  return row !== undefined && isKnown(row, protocol) ? row : undefined
}

/** A verb of the protocol, though it may be one that is not spoken here. */
function isKnown({ only }: VerbRow, protocol: Protocol): boolean {
  return only === undefined || only.includes(protocol)
}

// RFC 2645 §5.4
export function isSpoken({ inOdmr }: VerbRow, protocol: Protocol): boolean {
  return protocol !== 'odmr' || inOdmr === true
}

/** First words of other protocols: somebody makes a browser speak to us. */
// RFC 5321 §7.8
export const FOREIGN_VERBS: ReadonlySet<string> = new Set([
  'GET',
  'POST',
  'PUT',
  'HEAD',
  'OPTIONS',
  'CONNECT',
  'HOST:',
  'USER-AGENT:',
])
