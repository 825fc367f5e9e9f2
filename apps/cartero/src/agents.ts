import { randomBytes } from 'node:crypto'

import type { ListenAddress } from '@cartero/agent/config'
import { OperatorError, type Component } from '@cartero/agent/lifecycle'
import type { Logger, MetricRegistry } from '@cartero/agent/telemetry'
import type { TokenVerifier } from '@cartero/sasl'
import type { Doorkeeper } from '@cartero/directory/doorkeeper'
import type { DirectoryAgent } from '@cartero/directory-agent/agent'
import { createImapAgent, type ImapSettings } from '@cartero/imap-agent/agent'
import { createMdaAgent, noticeEvents, type Terminals } from '@cartero/mda-agent/agent'
import { createMsaAgent } from '@cartero/msa-agent/agent'
import { createMtaAgent } from '@cartero/mta-agent/agent'
import { Notices } from '@cartero/spool/notices'
import { systemClock } from '@cartero/wire'
import { ListenError } from '@cartero/wire/node'

import { doorkeeperOf, tokenVerifier } from './auth-settings.ts'
import type { CarteroConfig } from './config.ts'
import { lmtpSettings, msaSettings, mtaSettings } from './smtp-settings.ts'
import type { OpenStores, Stores } from './stores.ts'
import type { TlsIdentity } from './tls-identity.ts'

export interface AgentsOptions {
  readonly config: CarteroConfig
  readonly logger: Logger
  readonly metrics: MetricRegistry
  readonly stores: Stores
  readonly directory: DirectoryAgent
  readonly identity: TlsIdentity
  /** Who looks at a terminal. */
  readonly terminals: Terminals
  /** What an operator does about a door that is taken. */
  readonly doorRemedy: string
}

/** What is there once the agents start. */
interface Ports extends OpenStores, Pick<DirectoryAgent, 'directory'> {
  readonly notices: Notices
  readonly tls: TlsIdentity['server']
  readonly tlsForUsers: TlsIdentity['server']
  readonly doorkeeper: Doorkeeper
}

/** Each agent with the ports it is given, in the order of a message's way back: who delivers is there before who accepts. */
export function agents(options: AgentsOptions): Component[] {
  const { config, stores, identity, terminals, logger, metrics, doorRemedy } = options
  const make: Readonly<Record<string, (ports: Ports) => Component>> = {
    mda: ({ spool, mailStore, content, directory, tls, notices }) =>
      createMdaAgent({
        spool,
        mailStore,
        content,
        notices,
        terminals,
        lmtp: { settings: lmtpSettings(config), directory, tls },
        logger,
        metrics,
      }),
    mta: ({ spool, directory, tls, notices }) =>
      createMtaAgent({
        spool,
        directory,
        tls,
        notices,
        terminals,
        logger,
        metrics,
        settings: mtaSettings(config),
      }),
    msa: ({ spool, directory, tlsForUsers: tls, doorkeeper }) =>
      createMsaAgent({
        intake: spool,
        directory,
        doorkeeper,
        tls,
        terminals,
        logger,
        metrics,
        settings: msaSettings(config),
      }),
    imap: ({ mailStore, content, tlsForUsers: tls, doorkeeper }) =>
      createImapAgent({
        mailStore,
        content,
        doorkeeper,
        tls,
        logger,
        metrics,
        settings: imapSettings(config),
      }),
  }
  let notices: Notices | undefined
  let tokens: TokenVerifier | undefined
  const ports = (): Ports => ({
    ...stores.open,
    notices: (notices ??= noticesOf(options)),
    directory: options.directory.directory,
    tls: identity.server,
    tlsForUsers: identity.serverForUsers,
    doorkeeper: doorkeeperOf(config, options.directory.directory, { bans: options.directory.bans, tokens }),
  })
  const readTokens = async (): Promise<void> => {
    tokens = await tokenVerifier(config, logger)
  }
  const made = Object.entries(make)
  return [
    { name: 'tokens', start: readTokens },
    ...made.map(([name, create]) => whenOpen(name, () => create(ports()), doorRemedy)),
  ]
}

function imapSettings({ hostname, listen, imap }: CarteroConfig): ImapSettings {
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

function noticesOf({ config, stores, logger }: AgentsOptions): Notices {
  return new Notices({
    intake: stores.open.spool,
    content: stores.open.content,
    hostname: config.hostname,
    clock: systemClock,
    random: randomBytes,
    settings: {
      delayAfter: config.spool.delayNoticeAfter,
      giveUpAfter: config.spool.giveUpAfter,
      returnedOctets: config.spool.returnedSize,
    },
    sent: noticeEvents(logger.child({ agent: 'mda' })),
  })
}

/** A component that is made when it starts, because what it needs is open only then. */
function whenOpen(name: string, make: () => Component, doorRemedy: string): Component {
  let inner: Component | undefined
  return {
    name,
    async start(signal) {
      inner = make()
      try {
        await inner.start?.(signal)
      } catch (error) {
        // Somebody took the door after it was tried.
        throw error instanceof ListenError
          ? new OperatorError(error.message, doorRemedy, { cause: error })
          : error
      }
    },
    drain: (signal) => inner?.drain?.(signal),
    stop: () => inner?.stop?.(),
    health: async () => (await inner?.health?.()) ?? { status: 'ok' },
  }
}
