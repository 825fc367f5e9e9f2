import type { Component } from '@cartero/agent/lifecycle'
import type { ContentStore } from '@cartero/content'
import { TurnServiceDefinition } from '@cartero/contracts/spool/turn'
import type { Directory } from '@cartero/directory'
import { createForwardingAgent, type ForwardingAgent } from '@cartero/mta-agent/agent'
import type { Spool } from '@cartero/spool'
import { spoolOffer } from '@cartero/spool/remote'
import { TurnServer, turnFaultOf } from '@cartero/spool/remote-turns'

import { turnSettings } from '../odmr-settings.ts'
import { relayParts } from '../relay-parts.ts'
import { WayOut } from '../way-out.ts'
import { whenOpen } from '../when-open.ts'
import { contents } from './contents.ts'
import { callers, type Ground } from './ground.ts'
import { intakeConsumer } from './intake-consumer.ts'
import { noticesBy } from '../notices.ts'
import type { Common, Parts } from './parts.ts'
import { remoteDirectory } from './peers.ts'
import { SPOOL_PERMISSIONS } from './permissions.ts'
import { Scratch } from './scratch.ts'
import { waitingRoom } from './spool.ts'

/** The spool, and what forwards mail: what edges hand over comes in, and others lease, turn and look at the queue. */
export function mtaParts(ground: Ground, { bus, doorRemedy }: Common): Parts {
  const { config, data } = ground
  const content = contents(ground, bus)
  const spool = waitingRoom(ground, { bus, content })
  const directory = remoteDirectory(ground)
  const scratch = new Scratch()
  const wayOut = new WayOut({ config, data, stores: scratch })
  const made = (): ForwardingAgent =>
    forwardingAgent(ground, {
      spool: spool.open.store,
      content: content.open,
      directory: directory.open.port,
      wayOut,
    })
  const forwarding = whenOpen('forwarding', made, doorRemedy)
  const taking: Component = intakeConsumer(ground, { bus, inlet: () => spool.open.store })
  return {
    components: [content, spool, directory, scratch, wayOut, forwarding, taking],
    offers: () => [
      spoolOffer({
        spool: spool.open.store,
        content: content.open,
        ...callers(ground, SPOOL_PERMISSIONS),
      }),
      {
        definition: TurnServiceDefinition,
        implementation: new TurnServer({ turns: forwarding.lent.turns, content: content.open }),
        faultOf: turnFaultOf,
        ...callers(ground, ['odmr']),
      },
    ],
    doors: [],
  }
}

interface Forwarded {
  readonly spool: Spool
  readonly content: ContentStore
  readonly directory: Directory
  readonly wayOut: WayOut
}

function forwardingAgent(ground: Ground, { spool, content, directory, wayOut }: Forwarded): ForwardingAgent {
  const { config, logger, metrics } = ground
  return createForwardingAgent({
    hostname: config.hostname,
    owner: ground.owner,
    spool,
    directory,
    notices: noticesBy(ground, { intake: spool, content }),
    routes: wayOut.open.routes,
    outbound: config.relay.mode,
    turns: { settings: turnSettings(config) },
    relay: relayParts({ config, content, wayOut: wayOut.open }),
    logger,
    metrics,
  })
}
