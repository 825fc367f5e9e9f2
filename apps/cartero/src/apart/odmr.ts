import { RpcChannel } from '@cartero/bus/grpc'
import { TurnServiceDefinition } from '@cartero/contracts/spool/turn'
import type { Directory } from '@cartero/directory'
import { createMxAgent, type MxAgent } from '@cartero/mta-agent/agent'
import { createOdmrAgent } from '@cartero/odmr-agent/agent'
import { createCustomerAgent, type CustomerAgent, type Provider } from '@cartero/odmr-agent/customer'
import { RemoteTurns, turnErrorOf } from '@cartero/spool/remote-turns'

import { customerSettings, odmrSettings } from '../odmr-settings.ts'
import { odmrStreams } from '../odmr-verbs.ts'
import { mtaSettings } from '../smtp-settings.ts'
import { unreadyForMail } from '../unready-for-mail.ts'
import { whenOpen, type Late } from '../when-open.ts'
import { contents } from './contents.ts'
import { doorIdentity, entrance } from './door.ts'
import type { Ground } from './ground.ts'
import { handover } from './handover.ts'
import type { Common, Parts } from './parts.ts'
import { peer, remoteDirectory } from './peers.ts'

/** The doors for customers who come for their mail, and the calls to providers who keep ours. */
export function odmrParts(ground: Ground, common: Common): Parts {
  const { config, logger, metrics } = ground
  const directory = remoteDirectory(ground)
  const mta = peer(ground, { name: 'mta', open: turnsOver })
  const identity = doorIdentity(ground)
  const { tokens, doorkeeper, verbs } = entrance(ground, directory)
  const made = () => {
    const turns = mta.open.port
    return createOdmrAgent({
      settings: odmrSettings(config),
      turns,
      content: turns.content,
      directory: directory.open.port,
      doorkeeper: doorkeeper(),
      tls: identity.serverForUsers,
      logger,
      metrics,
    })
  }
  const customer = customerParts(ground, common, () => directory.open.port)
  return {
    components: [
      identity,
      directory,
      mta,
      tokens,
      whenOpen('odmr', made, common.doorRemedy),
      ...customer.components,
    ],
    verbs,
    streams: odmrStreams(() => customer.agent.made),
    doors: [...config.listen.odmr, ...config.listen.odmrs],
    identity,
  }
}

function turnsOver(channel: RpcChannel): RemoteTurns {
  return new RemoteTurns(channel.service(TurnServiceDefinition, turnErrorOf))
}

/** Mail that providers keep for us is taken in as at the MX door, and handed over. */
function customerParts(
  ground: Ground,
  { bus, doorRemedy }: Common,
  directory: () => Directory,
): { readonly components: Parts['components']; readonly agent: Late<CustomerAgent> } {
  const { config, logger, metrics } = ground
  const content = contents(ground, bus)
  const intake = handover(ground, { bus, content })
  // Its doors are never opened here, and where no provider is configured it is not there.
  let mx: MxAgent | undefined
  const opened = (): MxAgent => {
    const settings = mtaSettings(config)
    return createMxAgent({
      name: 'odmr',
      settings,
      intake: intake.open,
      directory: directory(),
      logger,
      metrics,
    })
  }
  const made = (): CustomerAgent =>
    createCustomerAgent({
      receive: (connection, wishes) => (mx ??= opened()).receive(connection, wishes),
      unready: ({ domains }: Pick<Provider, 'domains'>) => unreadyForMail(directory(), domains),
      logger,
      metrics,
      settings: customerSettings(config),
    })
  const agent = whenOpen('odmr customer', made, doorRemedy)
  return { components: config.odmr.fetch.length === 0 ? [agent] : [content, intake, agent], agent }
}
