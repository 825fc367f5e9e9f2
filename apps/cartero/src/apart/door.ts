import { ControlError, type ControlVerbs } from '@cartero/agent/admin'
import type { Component } from '@cartero/agent/lifecycle'
import { DirectoryError, type Directory } from '@cartero/directory'
import type { AddressBans, Doorkeeper } from '@cartero/directory/doorkeeper'
import { createDirectoryAgent, liftBan, listBans } from '@cartero/directory-agent/agent'
import type { TokenVerifier } from '@cartero/sasl'

import { banLimits, doorkeeperOf, tokenVerifier } from '../auth-settings.ts'
import { TlsIdentity } from '../tls-identity.ts'
import type { Ground } from './ground.ts'

/** The certificate of an agent's doors: the operator's, or one that is made once. */
export function doorIdentity({ config, data }: Ground): TlsIdentity {
  return new TlsIdentity({
    ...config.tls,
    data,
    names: [config.hostname],
    addresses: [],
    selfSignedIsFine: false,
    clientAuthorities: config.auth.clientAuthorities,
  })
}

/** Who lets our users in at the doors of one agent: whoever guesses is turned away by this process. */
export interface Entrance {
  readonly bans: AddressBans
  /** Reads what verifies tokens, before anybody can log in. */
  readonly tokens: Component
  readonly doorkeeper: () => Doorkeeper
  /** Who is turned away, for the control socket of this process. */
  readonly verbs: ControlVerbs
}

export function entrance(
  { config, logger, metrics }: Ground,
  directory: { readonly open: { readonly port: Directory } },
): Entrance {
  let tokens: TokenVerifier | undefined
  let doorkeeper: Doorkeeper | undefined
  // It is not started: logins and changes are told by the process that has the directory, and bans by this one.
  const { bans } = createDirectoryAgent({
    open: () => Promise.resolve(directory.open.port),
    bans: banLimits(config),
    logger,
    metrics,
  })
  const made = (): Doorkeeper => doorkeeperOf(config, directory.open.port, { bans, tokens })
  return {
    bans,
    tokens: {
      name: 'tokens',
      start: async () => {
        tokens = await tokenVerifier(config, logger)
      },
    },
    doorkeeper: () => (doorkeeper ??= made()),
    verbs: {
      'ban.list': async () => listBans(bans),
      'ban.lift': async (argument) => {
        try {
          liftBan(bans, (argument as { readonly address: string }).address)
        } catch (error) {
          if (!(error instanceof DirectoryError)) throw error
          throw new ControlError('notFound', error.message, { cause: error })
        }
      },
    },
  }
}
