import { randomUUID } from 'node:crypto'
import { existsSync, readFileSync, rmSync } from 'node:fs'

import { OperatorError } from '@cartero/agent/lifecycle'
import type { CopyLedger } from '@cartero/sql/archive'
import { beginFilling, endFilling, fillingBy } from '@cartero/sql/postgres'

import type { DataFolder } from '../data-folder.ts'
import { writeDurably } from '../durable-file.ts'
import type { StoreName } from '../services-rules.ts'
import type { ServicesSide } from './services-side.ts'

/** How far the whole has come. `same`: both sides were compared, and the target is not released yet. */
export type Stage = 'begun' | 'same' | 'done'

export async function stageOf(ledger: CopyLedger): Promise<Stage | undefined> {
  return (await ledger.fact('stage')) as Stage | undefined
}

/** The name of this migration: who fills the target. */
export async function nameOf(ledger: CopyLedger): Promise<string> {
  const known = await ledger.fact('name')
  if (known !== undefined) return known
  const name = randomUUID()
  await ledger.putFact('name', name)
  return name
}

/** A store that is not empty, or that somebody else fills, is left alone. Throws OperatorError. */
export async function claimServices(
  side: ServicesSide,
  ledger: CopyLedger,
  stores: readonly StoreName[],
): Promise<void> {
  const name = await nameOf(ledger)
  const isCompared = (await stageOf(ledger)) === 'same'
  for (const store of stores) {
    const filling = await fillingBy(side.databases[store])
    if (filling === undefined && !isCompared && !(await side.archives[store].isEmpty())) throw notEmpty(store)
    if (filling !== undefined && filling !== name) throw anothers(store)
  }
  if (isCompared) return
  for (const store of stores)
    if ((await beginFilling(side.databases[store], name)) !== name) throw anothers(store)
}

export async function releaseServices(
  { databases }: ServicesSide,
  stores: readonly StoreName[],
): Promise<void> {
  for (const store of stores) await endFilling(databases[store])
}

/** The files of a folder that hold mail, or who exists. */
const STORED = ['directory', 'mailStore', 'spool', 'content'] as const

/** To be asked before anything is made in the folder. Throws OperatorError. */
export function checkFolder(data: DataFolder): void {
  if (existsSync(data.beingFilled)) return
  if (!STORED.some((store) => existsSync(data[store]))) return
  throw new OperatorError(
    `${data.path} is not empty: there are stores in it`,
    'name another folder with --data; nothing was changed',
  )
}

/** From now on no system starts in the folder. Throws OperatorError when another migration has begun to fill it. */
export async function claimData(data: DataFolder, ledger: CopyLedger): Promise<void> {
  const name = await nameOf(ledger)
  if (!existsSync(data.beingFilled)) return writeDurably(data.beingFilled, `${name}\n`, { mode: 0o600 })
  if (readFileSync(data.beingFilled, 'utf8').trim() === name) return
  throw new OperatorError(
    `${data.path} is being filled by another migration`,
    'name another folder with --data, or remove this one and begin anew',
  )
}

export function releaseData({ beingFilled }: DataFolder): void {
  rmSync(beingFilled, { force: true })
}

function notEmpty(store: StoreName): OperatorError {
  return new OperatorError(
    `the ${store} in Postgres is not empty`,
    `name a database that is empty; or, if nothing of it is needed, drop the schema ${store} and run "cartero migrate"`,
  )
}

function anothers(store: StoreName): OperatorError {
  return new OperatorError(
    `the ${store} in Postgres is being filled by another migration`,
    `let that one come to its end; or drop the schema ${store}, run "cartero migrate", and begin anew`,
  )
}
