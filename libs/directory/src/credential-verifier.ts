import type { DirectoryService } from '@cartero/contracts/directory'
import type { CredentialVerifier } from '@cartero/sasl'

/** The directory as the mechanisms of SASL want it; near or far. */
export function credentialVerifier(
  directory: Pick<DirectoryService, 'Authenticate' | 'ScramKeys'>,
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
  }
}
