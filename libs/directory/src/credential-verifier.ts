import type { CredentialVerifier } from '@cartero/sasl'
import type { AnyDirectory } from './directory.ts'

/** The directory as the mechanisms of SASL want it; near or far. */
export function credentialVerifier(
  directory: Pick<AnyDirectory, 'Authenticate' | 'ScramKeys' | 'scramOutcome'>,
): CredentialVerifier {
  return {
    password: async (login, password) => {
      const { account } = await directory.Authenticate({ login, password })
      return account === '' ? undefined : account
    },
    scramKeys: async (login) => {
      const { account, ...keys } = await directory.ScramKeys({ login })
      return account === '' ? keys : { ...keys, account }
    },
    scramOutcome: (login, right) => directory.scramOutcome?.(login, right),
  }
}
