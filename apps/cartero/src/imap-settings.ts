import type { ListenAddress } from '@cartero/agent/config'
import type { ImapSettings } from '@cartero/imap-agent/agent'

import type { CarteroConfig } from './config.ts'

/** What the agent is told of IMAP, in its own words. */
export function imapSettings({ hostname, listen, imap }: CarteroConfig): ImapSettings {
  return {
    hostname,
    listen: doubleDoors(listen.imap, listen.imaps),
    allowPlaintextAuth: imap.plaintextAuth,
    sessionsPerAccount: imap.sessionsPerAccount,
    hiddenCapabilities: imap.hiddenCapabilities,
    maxConnections: imap.sessions,
    maxConnectionsPerAddress: imap.sessionsPerAddress,
    proxyProtocol: imap.proxyProtocol,
    limits: { appendSize: imap.appendSize },
  }
}

/** Doors where TLS is asked for, and doors where it comes first. */
function doubleDoors(
  startTls: readonly ListenAddress[],
  implicitTls: readonly ListenAddress[],
): ImapSettings['listen'] {
  return [
    ...startTls.map((address) => ({ ...address, implicitTls: false })),
    ...implicitTls.map((address) => ({ ...address, implicitTls: true })),
  ]
}
