import { hostname } from 'node:os'

import { OperatorError } from '@cartero/agent/lifecycle'
import { MetricRegistry, silentLogger } from '@cartero/agent/telemetry'
import { connectedNames, type NatsBus } from '@cartero/bus/nats'
import { openPostgresDirectoryArchive } from '@cartero/directory/postgres/archive'
import { openPostgresJournalArchive } from '@cartero/journey/postgres/archive'
import { openPostgresMailStoreArchive } from '@cartero/mailstore/postgres/archive'
import { openPostgresSpoolArchive } from '@cartero/spool/postgres/archive'
import { intakeStream } from '@cartero/spool/jetstream'
import type { Archive } from '@cartero/sql/archive'
import { othersConnected, type Postgres } from '@cartero/sql/postgres'

import { readAgentIdentity } from '../apart/agent-identity.ts'
import { broker } from '../apart/broker.ts'
import { contents } from '../apart/contents.ts'
import { databaseOf } from '../apart/database.ts'
import type { Ground } from '../apart/ground.ts'
import type { Service } from '../apart/service.ts'
import type { CarteroConfig } from '../config.ts'
import { dataFolder } from '../data-folder.ts'
import { inWords } from '../stores.ts'
import { STORES, type StoreName } from '../services-rules.ts'
import type { Side } from './side.ts'

/** What every process of ours is called in the servers' lists of connections. */
const OURS = 'cartero '

export interface ServicesSide extends Side {
  readonly databases: Readonly<Record<StoreName, Postgres>>
  /** Throws OperatorError when an agent is connected to anything here. */
  readonly mustBeAlone: () => Promise<void>
  /** Throws OperatorError when something that was accepted is not in the spool yet. */
  readonly mustBeTakenIn: () => Promise<void>
}

/** The stores of the section `services`. The console's certificate is the operator's. Rejects with OperatorError. */
export async function openServicesSide(
  config: CarteroConfig,
  closing: AsyncDisposableStack,
): Promise<ServicesSide> {
  const ground = groundOf(config)
  const databases = Object.fromEntries(
    STORES.map((store) => [
      store,
      closing.adopt(databaseOf(config, store, ground.process), (database) => database.close()),
    ]),
  ) as Record<StoreName, Postgres>
  const mustBeAlone = (): Promise<void> => beAlone(ground, databases)
  await inWords(mustBeAlone())
  const archives = {
    directory: await inWords(openPostgresDirectoryArchive(databases.directory)),
    mailstore: await inWords(openPostgresMailStoreArchive(databases.mailstore)),
    spool: await inWords(openPostgresSpoolArchive(databases.spool)),
    journey: await inWords(openPostgresJournalArchive(databases.journey)),
  } satisfies Record<StoreName, Archive>
  const bus = await started(broker(ground), closing)
  const content = await started(contents(ground, { open: bus }), closing)
  return { content, archives, databases, mustBeAlone, mustBeTakenIn: () => beTakenIn(bus, config) }
}

function groundOf(config: CarteroConfig): Ground {
  return {
    agent: 'console',
    process: `migrate-store ${hostname()} ${process.pid}`,
    owner: 'migrate-store',
    config,
    data: dataFolder(config.data),
    identity: readAgentIdentity(config, 'console'),
    logger: silentLogger,
    metrics: new MetricRegistry(),
  }
}

async function started<T>(service: Service<T>, closing: AsyncDisposableStack): Promise<T> {
  await service.start(new AbortController().signal)
  closing.defer(() => service.stop())
  return service.open
}

/**
 * Agents are connected to the broker for as long as they run, which its monitoring ports tell; to the databases while they ask something,
 * and some time after.
 */
async function beAlone(
  { config, process: own }: Ground,
  databases: Readonly<Record<StoreName, Postgres>>,
): Promise<void> {
  const { signal } = new AbortController()
  const found = await Promise.all([
    ...Object.values(databases).map((database) => othersConnected(database, OURS)),
    connectedNames(config.services.nats.monitor, signal),
  ])
  const others = new Set(found.flat().filter((name) => name.startsWith(OURS) && name !== `${OURS}${own}`))
  if (others.size === 0) return
  const names = [...others].map((name) => name.slice(OURS.length)).join(', ')
  throw new OperatorError(
    `these still run: ${names}`,
    'end all agents first, and leave them ended until this has come to its end; what was carried so far stays',
  )
}

/** Edges hand over by the broker: what is there is accepted, and in nobody's spool. */
async function beTakenIn(bus: NatsBus, { services: { nats } }: CarteroConfig): Promise<void> {
  const { replicas, monitor } = nats
  const stream = await bus.stream(intakeStream({ replicas }), { ...(monitor.length > 0 && { monitor }) })
  const waiting = await stream.count()
  if (waiting === 0) return
  throw new OperatorError(
    `messages that were accepted wait in the broker (${waiting}), and are not in the spool yet`,
    'end mx, msa and odmr, let mta run until it has taken them in (cartero status), end it, and start this again',
  )
}
