import { createSecureContext, type SecureContext } from 'node:tls'
import { CIPHERS, OLDEST_VERSION } from './handshake.ts'
import type { Identity } from './tls-server.ts'

/** Contexts that are kept; one for all other hosts, and one for each route with authorities or a certificate of its own. */
const CONTEXTS_KEPT = 16

/** Whom a client believes, and what it shows. */
export interface ContextOptions {
  readonly authorities?: string
  readonly identity?: Identity
}

interface Kept {
  readonly authorities: string | undefined
  readonly identity: Identity | undefined
  readonly context: SecureContext
}

const kept: Kept[] = []

/** Reading all authorities of a system takes milliseconds: that is not done for every connection. */
export function clientContext({ authorities, identity }: ContextOptions): SecureContext {
  const known = kept.find((one) => one.authorities === authorities && isSame(one.identity, identity))
  if (known !== undefined) return known.context
  const context = createSecureContext({
    minVersion: OLDEST_VERSION,
    ciphers: CIPHERS,
    ...(authorities !== undefined && { ca: authorities }),
    ...(identity && { cert: identity.certificate, key: identity.key }),
  })
  kept.push({ authorities, identity, context })
  if (kept.length > CONTEXTS_KEPT) kept.shift()
  return context
}

function isSame(one: Identity | undefined, other: Identity | undefined): boolean {
  return one?.certificate === other?.certificate && one?.key === other?.key
}
