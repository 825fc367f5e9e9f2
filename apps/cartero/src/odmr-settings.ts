import type { TurnSettings } from '@cartero/mta-agent/agent'
import type { OdmrSettings } from '@cartero/odmr-agent/agent'
import type { CustomerSettings, Provider } from '@cartero/odmr-agent/customer'

import type { CarteroConfig } from './config.ts'
import { ODMR_PORT } from './odmr-section.ts'
import { readPassword } from './password-place.ts'
import type { PasswordReader } from './relay-settings.ts'
import { readAuthorities } from './tls-identity.ts'

/** What the agent is told of customers who come for their mail, in its own words. */
export function odmrSettings({ hostname, listen, odmr, smtp }: CarteroConfig): OdmrSettings {
  const { commandPatience, tarpit } = smtp
  const { errors, softErrors, errorDelay, authFailureDelay } = tarpit
  return {
    hostname,
    listen: [
      ...listen.odmr.map((address) => ({ ...address, implicitTls: false })),
      ...listen.odmrs.map((address) => ({ ...address, implicitTls: true, lineRecords: odmr.lineRecords })),
    ],
    isTurnAllowed: odmr.turn,
    allowClearCramMd5: odmr.clearCramMd5,
    turnDuration: odmr.turnDuration,
    limits: { commandPatience, errors, softErrors, errorDelay, authFailureDelay },
    maxConnections: odmr.sessions,
    maxConnectionsPerAddress: odmr.sessionsPerAddress,
    proxyProtocol: odmr.proxyProtocol,
  }
}

/** How mail waits for them, in the words of the agent that has the queue. */
export function turnSettings({ odmr }: Pick<CarteroConfig, 'odmr'>): TurnSettings {
  const { keep, quota, retryAfter, notifyAfter } = odmr
  return { keep, quota, retryAfter, notifyAfter }
}

/** The providers that keep mail for us. Throws OperatorError for a password or authorities that cannot be read. */
export function customerSettings(
  { hostname, odmr }: Pick<CarteroConfig, 'hostname' | 'odmr'>,
  passwordOf: PasswordReader = readPassword,
): CustomerSettings {
  return { hostname, providers: odmr.fetch.map((configured) => providerOf(configured, passwordOf)) }
}

type ConfiguredProvider = CarteroConfig['odmr']['fetch'][number]

function providerOf(
  { provider, host, port = ODMR_PORT, domains = [], tls = 'starttls', ...configured }: ConfiguredProvider,
  passwordOf: PasswordReader,
): Provider {
  const { username, password, authorities, every } = configured
  return {
    name: provider,
    host,
    port,
    domains,
    username,
    password: passwordOf(password, `the provider ${provider}`),
    tls,
    ...(authorities !== undefined && { authorities: readAuthorities(authorities, 'odmr.fetch') }),
    ...(every !== undefined && { every }),
  }
}
