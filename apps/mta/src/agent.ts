import type { Component } from '@cartero/agent/lifecycle'
import type { Logger, MetricRegistry } from '@cartero/agent/telemetry'
import type { AnyDirectory } from '@cartero/directory'
import { SmtpServerMachine, serveSession, type SmtpEvent, type SmtpServerLimits } from '@cartero/smtp/server'
import type { Spool } from '@cartero/spool'
import { stageOf } from '@cartero/spool/reception'
import { systemClock, type Clock, type ConnectionFacts, type Role } from '@cartero/wire'
import { Listener, listenAll, type TlsServer } from '@cartero/wire/node'
import { createEvents, type Events } from './events.ts'
import { MxSession } from './inbound/session.ts'
import { Router } from './router.ts'

export interface MtaSettings {
  readonly hostname: string
  readonly listen: readonly { readonly host: string; readonly port: number }[]
  readonly limits?: Partial<SmtpServerLimits>
  readonly maxConnections?: number
  readonly maxConnectionsPerAddress?: number
}

export interface MtaDependencies {
  readonly settings: MtaSettings
  readonly spool: Spool
  readonly directory: AnyDirectory
  readonly tls?: TlsServer
  readonly logger: Logger
  readonly metrics: MetricRegistry
  readonly clock?: Clock
}

/** The mail transfer agent: the MX port, and the router that decides where accepted mail goes. */
export function createMtaAgent(dependencies: MtaDependencies): Component {
  const { spool, directory, logger, metrics } = dependencies
  const clock = dependencies.clock ?? systemClock
  const events = createEvents(logger.child({ agent: 'mta' }), metrics)
  const router = new Router({ spool, directory, clock, events })
  const listeners = dependencies.settings.listen.map((address) =>
    mxListener(address, dependencies, clock, events),
  )
  const leaving = new AbortController()
  let routing: Promise<void> = Promise.resolve()
  const drain = async (signal: AbortSignal): Promise<void> => {
    await Promise.all(listeners.map((listener) => listener.drain(signal)))
  }
  return {
    name: 'mta',
    start: async () => {
      await listenAll(listeners)
      routing = router.run(leaving.signal)
    },
    drain,
    stop: async () => {
      await drain(AbortSignal.abort())
      leaving.abort()
      await routing
    },
  }
}

function mxListener(
  address: { readonly host: string; readonly port: number },
  { settings, spool, directory, tls }: MtaDependencies,
  clock: Clock,
  events: Events,
): Listener {
  const { hostname, limits, maxConnections, maxConnectionsPerAddress } = settings
  const accept = (connection: ConnectionFacts): Role => {
    events.connected()
    const session = new MxSession(connection, { intake: spool, directory, hostname, clock, events })
    const machine = new SmtpServerMachine(session, {
      hostname,
      startTls: tls !== undefined,
      ...(limits && { limits }),
      observer: (event) => report(event, connection, session, events),
    })
    return { machine, decide: serveSession(session) }
  }
  return new Listener({
    ...address,
    clock,
    accept,
    tls,
    maxConnections,
    maxConnectionsPerAddress,
    refused: (remoteAddress, reason) => events.turnedAway(remoteAddress, reason),
  })
}

function report(event: SmtpEvent, connection: ConnectionFacts, session: MxSession, events: Events): void {
  if (event.kind === 'refused') events.refused(stageOf(event.verb), connection, session.subject, event.reason)
  else if (event.kind === 'bug') events.bug(connection, event.error)
}
