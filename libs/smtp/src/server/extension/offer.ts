import type { Extension } from '../../extensions.ts'
import type { Dialogue } from '../dialogue.ts'
import { eightBitMime } from './8bitmime.ts'
import { atrn } from './atrn.ts'
import { auth } from './auth.ts'
import { binaryMime } from './binarymime.ts'
import { chunking } from './chunking.ts'
import { deliverBy } from './deliverby.ts'
import { dsn } from './dsn.ts'
import { enhancedStatusCodes } from './enhancedstatuscodes.ts'
import { etrn } from './etrn.ts'
import { expn } from './expn.ts'
import { futureRelease } from './futurerelease.ts'
import { help } from './help.ts'
import { limits } from './limits.ts'
import { mtPriority } from './mt-priority.ts'
import { noSoliciting } from './no-soliciting.ts'
import { pipelining } from './pipelining.ts'
import { requireTls } from './requiretls.ts'
import type { ExtensionRow } from './row.ts'
import { size } from './size.ts'
import { smtpUtf8 } from './smtputf8.ts'
import { startTls } from './starttls.ts'
import { terminals } from './terminals.ts'
import { turn } from './turn.ts'
import { vrfy } from './vrfy.ts'
import { xclient } from './xclient.ts'
import { xforward } from './xforward.ts'

/** What EHLO advertises, in this order; parameters of MAIL and RCPT are understood if and only if their extension is. */
const EXTENSION_ROWS: readonly ExtensionRow[] = [
  pipelining,
  size,
  eightBitMime,
  smtpUtf8,
  enhancedStatusCodes,
  chunking,
  binaryMime,
  dsn,
  deliverBy,
  futureRelease,
  mtPriority,
  requireTls,
  noSoliciting,
  limits,
  startTls,
  auth,
  etrn,
  atrn,
  turn,
  vrfy,
  expn,
  ...terminals,
  xclient,
  xforward,
  help,
]

/** What an EHLO is answered, and what is understood from then on. */
export interface ServerOffer {
  readonly lines: readonly string[]
  readonly understood: ReadonlySet<Extension>
}

export function offerOf(dialogue: Dialogue): ServerOffer {
  const honours = dialogue.honours()
  const lines: string[] = []
  const understood = new Set<Extension>()
  const inOdmr = dialogue.policy.protocol === 'odmr'
  for (const row of EXTENSION_ROWS.filter((each) => !inOdmr || each.inOdmr === true)) {
    const parameters = row.offer(dialogue, honours)
    if (parameters !== undefined)
      lines.push(parameters === '' ? row.extension : `${row.extension} ${parameters}`)
    if (parameters !== undefined || row.understood?.(dialogue, honours) === true)
      understood.add(row.extension)
  }
  return { lines, understood }
}
