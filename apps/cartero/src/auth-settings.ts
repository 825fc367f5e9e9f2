import type { Logger } from '@cartero/agent/telemetry'
import { credentialVerifier, type Directory } from '@cartero/directory'
import { Doorkeeper, type AddressBans, type BanLimits } from '@cartero/directory/doorkeeper'
import type { TokenVerifier } from '@cartero/sasl'

import type { CarteroConfig } from './config.ts'

export function banLimits({ auth }: CarteroConfig): Partial<BanLimits> {
  return { failures: auth.failures, within: auth.failuresWithin, ban: auth.banTime }
}

/** The verifier of tokens, when the configuration names an issuer. What it needs is loaded only then. */
export async function tokenVerifier(
  { auth: { oauth } }: CarteroConfig,
  logger: Logger,
): Promise<TokenVerifier | undefined> {
  const { issuer, jwks, audience, loginClaim, scope } = oauth
  if (issuer === undefined || jwks === undefined || audience === undefined) return undefined
  const { createJwksVerifier } = await import('@cartero/directory/oauth')
  const verifier = createJwksVerifier({ issuer, jwks: new URL(jwks), audience, loginClaim, scope })
  const told = (error: unknown): never => {
    logger.warn('token.issuer-unavailable', { issuer, err: error })
    throw error
  }
  return { verify: (token, signal) => verifier.verify(token, signal).catch(told) }
}

/** Who lets our users in, at every door. */
export function doorkeeperOf(
  { hostname, auth }: CarteroConfig,
  directory: Directory,
  { bans, tokens }: { readonly bans: AddressBans; readonly tokens: TokenVerifier | undefined },
): Doorkeeper {
  const { issuer, scope } = auth.oauth
  const certificates = auth.clientAuthorities !== undefined
  return new Doorkeeper({
    verifier: (peer) => credentialVerifier(directory, { peer, tokens, certificates }),
    bans,
    switchedOn: new Set(auth.mechanisms),
    hostname,
    tokenAdvice: {
      ...(scope !== undefined && { scope }),
      // OpenID Connect Discovery §4
      ...(issuer !== undefined && {
        openidConfiguration: `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`,
      }),
    },
  })
}
