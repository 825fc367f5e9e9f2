import type { Component } from '@cartero/agent/lifecycle'
import type { Logger, MetricRegistry } from '@cartero/agent/telemetry'
import type { TokenVerifier } from '@cartero/sasl'
import type { Doorkeeper } from '@cartero/directory/doorkeeper'
import type { DirectoryAgent } from '@cartero/directory-agent/agent'
import { createImapAgent } from '@cartero/imap-agent/agent'
import { createMdaAgent, type Terminals } from '@cartero/mda-agent/agent'
import { createMsaAgent, type MsaAgent } from '@cartero/msa-agent/agent'
import { createMtaAgent, SenderDomainLookup, SpoolStarter, type MtaAgent } from '@cartero/mta-agent/agent'
import { createOdmrAgent } from '@cartero/odmr-agent/agent'
import { createCustomerAgent, type CustomerAgent, type Provider } from '@cartero/odmr-agent/customer'
import type { Notices } from '@cartero/spool/notices'
import type { QueueStarter } from '@cartero/spool/reception'
import { systemClock } from '@cartero/wire'

import { doorkeeperOf, tokenVerifier } from './auth-settings.ts'
import type { CarteroConfig } from './config.ts'
import { imapSettings } from './imap-settings.ts'
import { noticesBy } from './notices.ts'
import { customerSettings, odmrSettings, turnSettings } from './odmr-settings.ts'
import { relayParts } from './relay-parts.ts'
import { lmtpSettings, msaSettings, mtaSettings } from './smtp-settings.ts'
import type { OpenStores, Stores } from './stores.ts'
import type { TlsIdentity } from './tls-identity.ts'
import type { WayOut } from './way-out.ts'
import { unreadyForMail } from './unready-for-mail.ts'
import { whenOpen, type Late } from './when-open.ts'

export interface AgentsOptions {
  readonly config: CarteroConfig
  readonly logger: Logger
  readonly metrics: MetricRegistry
  readonly stores: Stores
  readonly directory: DirectoryAgent
  readonly wayOut: WayOut
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

/** What makes an agent of what it is lent. */
type Recipe<C extends Component> = (ports: Ports, options: AgentsOptions) => C

/** All agents but the directory, which they are lent. */
export interface Agents {
  /** In the order of a message's way back: who delivers is there before who accepts. */
  readonly components: readonly Component[]
  /** Takes messages of programs on this machine, too. */
  readonly msa: Late<MsaAgent>
  /** Goes to providers when it is told to, too. */
  readonly customer: Late<CustomerAgent>
}

export function agents(options: AgentsOptions): Agents {
  const { config, stores, identity, logger, doorRemedy } = options
  let notices: Notices | undefined
  let tokens: TokenVerifier | undefined
  let queueStarter: QueueStarter | undefined
  const ports = (): Ports => {
    const { directory, bans } = options.directory
    return {
      ...stores.open,
      notices: (notices ??= noticesBy(options, { intake: stores.open.spool, content: stores.open.content })),
      directory,
      tls: identity.server,
      tlsForUsers: identity.serverForUsers,
      doorkeeper: doorkeeperOf(config, directory, { bans, tokens }),
    }
  }
  const readTokens = async (): Promise<void> => {
    tokens = await tokenVerifier(config, logger)
  }
  const late = <C extends Component>(name: string, recipe: Recipe<C>): Late<C> =>
    whenOpen(name, () => recipe(ports(), options), doorRemedy)
  const starter = (): QueueStarter => (queueStarter ??= queueStarterOf(options))
  const mtaAgent = late('mta', (lent) => mta({ ...lent, queueStarter: starter() }, options))
  const msaAgent = late('msa', (lent) =>
    msa({ ...lent, queueStarter: starter(), room: mtaAgent.lent.room }, options),
  )
  const odmrAgent = late('odmr', (lent) => odmr({ ...lent, turns: mtaAgent.lent.turns }, options))
  const customerAgent = late('odmr customer', () => customer(mtaAgent.lent, options))
  const components = [
    { name: 'tokens', start: readTokens },
    late('mda', mda),
    mtaAgent,
    msaAgent,
    odmrAgent,
    customerAgent,
    late('imap', imap),
  ]
  return { components, msa: msaAgent, customer: customerAgent }
}

function mda(ports: Ports, { config, terminals, logger, metrics }: AgentsOptions): Component {
  const { spool, mailStore, content, directory, tls, notices } = ports
  const lmtp = { settings: lmtpSettings(config), directory, tls }
  return createMdaAgent({ spool, mailStore, content, notices, terminals, lmtp, logger, metrics })
}

type WithStarter = Ports & { readonly queueStarter: QueueStarter }

function mta(ports: WithStarter, { config, wayOut, terminals, logger, metrics }: AgentsOptions): MtaAgent {
  const { spool, content, directory, tls, notices, queueStarter } = ports
  const { resolver, routes } = wayOut.open
  const { smtp, relay } = config
  const isChecked = smtp.mx.senderDomains === 'check'
  return createMtaAgent({
    spool,
    directory,
    tls,
    notices,
    terminals,
    logger,
    metrics,
    settings: mtaSettings(config),
    routes,
    outbound: relay.mode,
    queueStarter,
    turns: { settings: turnSettings(config) },
    // In any mode: notices go out, and what an operator releases.
    relay: relayParts({ config, content, wayOut: wayOut.open }),
    ...(isChecked && { senderDomains: new SenderDomainLookup({ resolver, directory, clock: systemClock }) }),
  })
}

function msa(
  ports: WithStarter & Pick<MtaAgent, 'room'>,
  { config, terminals, logger, metrics }: AgentsOptions,
): MsaAgent {
  const { spool: intake, directory, tlsForUsers: tls, doorkeeper, queueStarter, room } = ports
  const settings = msaSettings(config)
  const lent = { intake, directory, doorkeeper, tls, terminals, queueStarter, room }
  return createMsaAgent({ ...lent, logger, metrics, settings })
}

function odmr(ports: Ports & Pick<MtaAgent, 'turns'>, { config, logger, metrics }: AgentsOptions): Component {
  const { turns, directory, content, tlsForUsers: tls, doorkeeper } = ports
  const settings = odmrSettings(config)
  return createOdmrAgent({ turns, directory, content, tls, doorkeeper, logger, metrics, settings })
}

function customer({ receive }: Pick<MtaAgent, 'receive'>, options: AgentsOptions): CustomerAgent {
  const { config, directory, logger, metrics } = options
  const settings = customerSettings(config)
  const unready = ({ domains }: Pick<Provider, 'domains'>): Promise<string | undefined> =>
    unreadyForMail(directory.directory, domains)
  return createCustomerAgent({ receive, unready, logger, metrics, settings })
}

function queueStarterOf({ stores, directory, wayOut, logger }: AgentsOptions): QueueStarter {
  return new SpoolStarter({
    spool: stores.open.spool,
    directory: directory.directory,
    routes: wayOut.open.routes,
    failed: (destination, error) => logger.error('queue.not-started', { destination, err: error }),
  })
}

function imap(ports: Ports, { config, logger, metrics }: AgentsOptions): Component {
  const { mailStore, content, tlsForUsers: tls, doorkeeper } = ports
  const settings = imapSettings(config)
  return createImapAgent({ mailStore, content, doorkeeper, tls, logger, metrics, settings })
}
