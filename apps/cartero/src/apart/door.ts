import type { Component } from '@cartero/agent/lifecycle'
import type { Directory } from '@cartero/directory'
import type { Doorkeeper } from '@cartero/directory/doorkeeper'
import { createDirectoryAgent, type DirectoryAgent } from '@cartero/directory-agent/agent'
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
  readonly components: readonly Component[]
  readonly directory: DirectoryAgent
  readonly doorkeeper: () => Doorkeeper
}

export function entrance(
  { config, logger, metrics }: Ground,
  directory: { readonly open: { readonly port: Directory } },
): Entrance {
  let tokens: TokenVerifier | undefined
  let doorkeeper: Doorkeeper | undefined
  const agent = createDirectoryAgent({
    open: async () => lent(directory.open.port),
    bans: banLimits(config),
    logger,
    metrics,
  })
  const readTokens = async (): Promise<void> => {
    tokens = await tokenVerifier(config, logger)
  }
  const made = (): Doorkeeper => doorkeeperOf(config, agent.directory, { bans: agent.bans, tokens })
  return {
    components: [agent, { name: 'tokens', start: readTokens }],
    directory: agent,
    doorkeeper: () => (doorkeeper ??= made()),
  }
}

/** Whoever opened it closes it. */
function lent(directory: Directory): Directory {
  return new Proxy(directory, {
    get: (target, name) => {
      if (name === 'close') return () => Promise.resolve()
      const value = Reflect.get(target, name) as unknown
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
}
