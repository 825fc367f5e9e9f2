import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'

import { OperatorError } from '@cartero/agent/lifecycle'
import { SqlWorker } from '@cartero/sql'
import { CopyLedger, type Archive } from '@cartero/sql/archive'

import type { CarteroConfig } from '../config.ts'
import { dataFolder, makeDataFolder, requireDataFolder, type DataFolder } from '../data-folder.ts'
import { carryContents, type Carrying } from './carry-contents.ts'
import { carryRows } from './carry-rows.ts'
import { compare, type Comparison } from './compare.ts'
import { claimFolder, openEmbeddedSide } from './embedded-side.ts'
import { openServicesSide, type ServicesSide } from './services-side.ts'
import { CARRIED, type Direction, type Side } from './side.ts'
import type { Watcher } from './tally.ts'
import {
  checkFolder,
  claimData,
  claimServices,
  releaseData,
  releaseServices,
  stageOf,
} from './target-claim.ts'

export interface StoreMigrationOrder {
  readonly config: CarteroConfig
  readonly direction: Direction
  /** Nothing is carried: both sides of a migration that has come to its end are compared. */
  readonly isVerifyOnly: boolean
  /** Who begins decides; whoever goes on, and compares, does as he did. */
  readonly withJourney: boolean
  readonly watcher: Watcher
}

export interface StoreMigrationReport {
  readonly direction: Direction
  /** Both sides have the same. */
  readonly isSame: boolean
  readonly compared: readonly Comparison[]
  readonly contents: number
  readonly octets: number
  readonly milliseconds: number
  /** The key of passwords that can be read again: it does not travel. Absent where there is none. */
  readonly secretKey?: string
}

/** Milliseconds between two looks whether an agent has come. */
const LOOK_EVERY = 1_000

/**
 * Carries all that is kept from the stores of a data folder to those of the section `services`, or back, and compares. Whatever ends it, it
 * goes on where it was. Nothing of the source is changed. Rejects with OperatorError.
 */
export async function migrateStore(order: StoreMigrationOrder): Promise<StoreMigrationReport> {
  const { config, direction } = order
  const begun = performance.now()
  const data = dataFolder(config.data)
  await using closing = new AsyncDisposableStack()
  await prepareFolder(data, order, closing)
  const sql = closing.adopt(new SqlWorker(), (worker) => worker.close())
  const ledger = closing.adopt(await CopyLedger.open(sql, data.migrations[direction]), (open) => open.close())
  await checkStage(ledger, order, data.migrations[direction])
  if (direction === 'to-embedded' && !order.isVerifyOnly) await claimData(data, ledger)
  const services = await openServicesSide(config, closing)
  const embedded = await openEmbeddedSide(data, sql, closing)
  const withJourney = (await ledger.fact('journey')) !== 'false'
  const work = workOf({ order: { ...order, withJourney }, data, ledger, services, embedded })
  if (!order.isVerifyOnly) await carry(work)
  const compared = await compareAll(work)
  const isSame = compared.every((each) => each.isSame)
  if (isSame && !order.isVerifyOnly) await release(work)
  return {
    direction,
    isSame,
    compared,
    ...(await ledger.sum()),
    milliseconds: Math.round(performance.now() - begun),
    ...(existsSync(data.secretKey) && { secretKey: data.secretKey }),
  }
}

interface Work {
  readonly order: StoreMigrationOrder
  readonly data: DataFolder
  readonly services: ServicesSide
  readonly carrying: Carrying
  readonly stores: readonly (typeof CARRIED)[number][]
}

function workOf(parts: {
  readonly order: StoreMigrationOrder
  readonly data: DataFolder
  readonly ledger: CopyLedger
  readonly services: ServicesSide
  readonly embedded: Side
}): Work {
  const { order, data, ledger, services, embedded } = parts
  const isToServices = order.direction === 'to-services'
  const [source, target] = isToServices ? [embedded, services] : [services, embedded]
  const carrying = { source, target, ledger, watcher: order.watcher, look: looking(services) }
  const stores = CARRIED.filter((store) => order.withJourney || store !== 'journey')
  return { order, data, services, carrying, stores }
}

/** Looks now and then: whoever comes while mail is carried is noticed within a portion. */
function looking({ mustBeAlone }: ServicesSide): () => Promise<void> {
  let looked = performance.now()
  return async () => {
    if (performance.now() - looked < LOOK_EVERY) return
    await mustBeAlone()
    looked = performance.now()
  }
}

/** The folder is claimed before anything in it is looked at. */
async function prepareFolder(
  data: DataFolder,
  { direction, isVerifyOnly }: StoreMigrationOrder,
  closing: AsyncDisposableStack,
): Promise<void> {
  if (direction === 'to-services' || isVerifyOnly) {
    requireDataFolder(data)
    if (!existsSync(data.directory))
      throw new OperatorError(
        `there are no stores in ${data.path}`,
        'name the folder of the system with --data',
      )
    return await claimFolder(data, closing)
  }
  makeDataFolder(data)
  await claimFolder(data, closing)
  const hasLedger = existsSync(data.migrations[direction])
  if (!hasLedger || existsSync(data.beingFilled)) checkFolder(data)
}

async function checkStage(
  ledger: CopyLedger,
  { direction, isVerifyOnly, withJourney }: StoreMigrationOrder,
  file: string,
): Promise<void> {
  const stage = await stageOf(ledger)
  if (isVerifyOnly && stage === undefined)
    throw new OperatorError(
      `nothing was carried ${direction} from here yet`,
      'run it without --verify-only first',
    )
  if (!isVerifyOnly && stage === 'done')
    throw new OperatorError(
      'this migration has come to its end already',
      `compare once more with --verify-only; to carry all of it to an empty target anew, remove ${file}`,
    )
  if (stage === undefined && !isVerifyOnly) await ledger.putFact('journey', String(withJourney))
}

async function carry({ order, services, carrying, stores }: Work): Promise<void> {
  const { ledger, source } = carrying
  if (order.direction === 'to-services') await claimServices(services, ledger, stores)
  else await services.mustBeTakenIn()
  await mustBeSameSource(source.archives.directory, ledger)
  if ((await stageOf(ledger)) === undefined) await ledger.putFact('stage', 'begun')
  await carryContents(carrying)
  for (const store of stores) await carryRows(carrying, store)
}

/** Every directory has a key of its own, which travels with it. */
async function mustBeSameSource(directory: Archive, ledger: CopyLedger): Promise<void> {
  const { rows } = await directory.read('secret', 10)
  const hash = createHash('sha256')
  for (const [name, octets] of rows) hash.update(String(name)).update(octets as Uint8Array)
  const source = hash.digest('hex')
  const known = await ledger.fact('source')
  if (known === undefined) return await ledger.putFact('source', source)
  if (known === source) return
  throw new OperatorError(
    'what was carried so far came from another system',
    'name the same source as before, or begin anew with an empty target',
  )
}

async function compareAll({ order, services, carrying, stores }: Work): Promise<readonly Comparison[]> {
  const compared = await compare({ ...carrying, stores, readsSource: order.isVerifyOnly })
  // Whoever came meanwhile may have changed either side behind what was compared.
  await services.mustBeAlone()
  const { ledger } = carrying
  // What was missed is carried the next time, as far as it is new.
  if (!order.isVerifyOnly && !compared.every(({ isSame }) => isSame)) await ledger.forgetPlaces()
  return compared
}

async function release({ order, data, services, carrying, stores }: Work): Promise<void> {
  const { ledger } = carrying
  await ledger.putFact('stage', 'same')
  if (order.direction === 'to-services') await releaseServices(services, stores)
  else releaseData(data)
  await ledger.putFact('stage', 'done')
}
