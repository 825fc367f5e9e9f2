import { ScramHash } from '@cartero/contracts/directory'
import type { CredentialVerifier, TokenVerifier } from '@cartero/sasl'
import type { AnyDirectory } from './directory.ts'

/** How long the issuer of a token may take to tell its keys: a login waits for it, and its client a minute at least. */
export const TOKEN_PATIENCE_MS = 10_000

const HASHES = { 'SHA-1': ScramHash.SHA_1, 'SHA-256': ScramHash.SHA_256 } as const

export interface VerifierOptions {
  /** The address that asks. */
  readonly peer?: string
  /** Who can tell for whom a bearer token speaks. */
  readonly tokens?: TokenVerifier | undefined
  /** Whether a verified certificate is a proof. */
  readonly certificates?: boolean
}

/** What the doorkeeper asks: the mechanisms know only whether a digest proves somebody, not over what it came. */
export interface DoorVerifier extends CredentialVerifier {
  /** As `cramMd5`, of a challenge that crossed the wire without TLS. Absent: nobody may do that. */
  readonly cramMd5InTheClear?: (
    login: string,
    challenge: string,
    digest: string,
  ) => Promise<string | undefined>
}

/** The directory as the mechanisms of SASL want it; near or far. */
export function credentialVerifier(
  directory: Pick<
    AnyDirectory,
    'Authenticate' | 'ScramKeys' | 'AuthenticateCramMd5' | 'FindAccount' | 'scramOutcome'
  >,
  { peer, tokens, certificates = false }: VerifierOptions = {},
): DoorVerifier {
  const from = peer === undefined ? {} : { peer }
  return {
    password: async (login, password) => named(await directory.Authenticate({ login, password, ...from })),
    scramHashes: ['SHA-256', 'SHA-1'],
    scramKeys: async (login, hash) => {
      const { account, ...keys } = await directory.ScramKeys({ login, hash: HASHES[hash], ...from })
      return account === '' ? keys : { ...keys, account }
    },
    scramOutcome: (login, right) => directory.scramOutcome?.(login, right, peer),
    cramMd5: async (login, challenge, digest) =>
      named(await directory.AuthenticateCramMd5({ login, challenge, digest, ...from })),
    cramMd5InTheClear: async (login, challenge, digest) =>
      named(await directory.AuthenticateCramMd5({ login, challenge, digest, inTheClear: true, ...from })),
    ...(tokens && {
      token: async (token, claimed) => {
        const proved = await tokens.verify(token, AbortSignal.timeout(TOKEN_PATIENCE_MS))
        if (proved === undefined) return undefined
        return named(await directory.FindAccount({ logins: [proved.login], fingerprint: '', claimed }))
      },
    }),
    ...(certificates && {
      certificate: async ({ emails, fingerprint }, claimed) =>
        named(await directory.FindAccount({ logins: [...emails], fingerprint, claimed })),
    }),
  }
}

/** Nobody is '' on the wire. */
function named({ account }: { readonly account: string }): string | undefined {
  return account === '' ? undefined : account
}
