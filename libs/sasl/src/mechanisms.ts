import type { SaslClientContext, SaslServerContext } from './context.ts'
import { cramMd5 } from './cram-md5.ts'
import { external } from './external.ts'
import { login } from './login.ts'
import type { MechanismRow } from './mechanism-row.ts'
import { oauthBearer } from './oauthbearer.ts'
import { plain } from './plain.ts'
import { scram, scramPlus } from './scram.ts'
import { xoauth2 } from './xoauth2.ts'

const plusRows = [scramPlus('SHA-256'), scramPlus('SHA-1')]
const offersPlus = (context: SaslServerContext): boolean => plusRows.some((row) => isOffered(row, context))

/** All mechanisms, the one to prefer first. */
export const mechanisms: readonly MechanismRow[] = [
  ...plusRows,
  scram('SHA-256', offersPlus),
  scram('SHA-1', offersPlus),
  external,
  oauthBearer,
  xoauth2,
  plain,
  login,
  cramMd5,
]

/** Names of the mechanisms that are on unless an operator says otherwise. */
export const defaultMechanisms: readonly string[] = mechanisms
  .filter((row) => row.isDiscouraged !== true)
  .map((row) => row.name)

const ON_BY_DEFAULT: ReadonlySet<string> = new Set(defaultMechanisms)

/** The mechanisms that may be offered on a channel, in order of preference. */
export function offeredMechanisms(context: SaslServerContext): readonly MechanismRow[] {
  return mechanisms.filter((row) => isOffered(row, context))
}

/** The row of that name, whatever its case (RFC 4422 §3.1). */
export function mechanismNamed(name: string): MechanismRow | undefined {
  const upper = name.toUpperCase()
  return mechanisms.find((row) => row.name === upper)
}

/** What a client should use of what a server offers; undefined when there is nothing that is safe on this channel. */
export function preferredMechanism(
  offered: readonly string[],
  context: SaslClientContext,
): MechanismRow | undefined {
  const names = new Set(offered.map((name) => name.toUpperCase()))
  return mechanisms.find(
    (row) => names.has(row.name) && mayBeSaid(row, context) && !row.isDiscouraged && row.isEquipped(context),
  )
}

/** TLS with we know not whom keeps nothing from him. */
// RFC 4954 §4, RFC 4616 §6
function mayBeSaid(row: MechanismRow, context: SaslClientContext): boolean {
  if (row.needsTls && context.tls?.verified === false) return context.inTheClear === true
  return mayCross(row, context)
}

function isOffered(row: MechanismRow, context: SaslServerContext): boolean {
  return (
    (context.switchedOn ?? ON_BY_DEFAULT).has(row.name) && mayCross(row, context) && row.isPossible(context)
  )
}

function mayCross(row: MechanismRow, { tls, inTheClear }: SaslServerContext | SaslClientContext): boolean {
  return !row.needsTls || tls !== undefined || inTheClear === true
}
