import { accessSync, constants, existsSync, mkdirSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'

import { explainSystemError, OperatorError } from '@cartero/agent/lifecycle'

/** The files of a data folder, by what they hold. */
export interface DataFolder {
  readonly path: string
  readonly controlSocket: string
  readonly directory: string
  /** The key under which the directory keeps passwords that must be read again. */
  readonly secretKey: string
  readonly mailStore: string
  readonly spool: string
  readonly content: string
  /** TLS policies that other domains have published. */
  readonly tlsPolicies: string
  /** What happened to each message. */
  readonly journey: string
  readonly certificate: string
  readonly key: string
  readonly credentials: string
  /** How far "cartero migrate-store" has come, by where it goes. */
  readonly migrations: Readonly<Record<'to-services' | 'to-embedded', string>>
  /** There while the folder is filled from elsewhere and is not whole yet. */
  readonly beingFilled: string
}

export function dataFolder(folder: string): DataFolder {
  const path = resolve(folder)
  return {
    path,
    controlSocket: join(path, 'control.sock'),
    directory: join(path, 'directory.sqlite'),
    secretKey: join(path, 'directory.key'),
    mailStore: join(path, 'mailstore.sqlite'),
    spool: join(path, 'spool.sqlite'),
    content: join(path, 'content'),
    tlsPolicies: join(path, 'tls-policies.sqlite'),
    journey: join(path, 'journey'),
    certificate: join(path, 'tls', 'certificate.pem'),
    key: join(path, 'tls', 'key.pem'),
    credentials: join(path, 'credentials.json'),
    migrations: {
      'to-services': join(path, 'migrate-store-to-services.sqlite'),
      'to-embedded': join(path, 'migrate-store-to-embedded.sqlite'),
    },
    beingFilled: join(path, 'being-filled'),
  }
}

/** Throws OperatorError unless the folder is there, whole, and this user may use it. Makes nothing. */
export function requireDataFolder(data: DataFolder): void {
  const { path } = data
  const folder = statSync(path, { throwIfNoEntry: false })
  if (folder?.isDirectory() !== true) {
    throw new OperatorError(
      folder === undefined ? `there is no data folder ${path}` : `the data folder ${path} is a file`,
      'name the folder of the system with --data; a new one is made by "cartero serve" and "cartero dev"',
    )
  }
  try {
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK)
  } catch (error) {
    throw explainSystemError(error, `use the data folder ${path}`, 'run this as the user who runs the system')
  }
  requireWhole(data)
}

function requireWhole({ path, beingFilled }: DataFolder): void {
  if (existsSync(beingFilled))
    throw new OperatorError(
      `the data folder ${path} is not whole: "cartero migrate-store" has begun to fill it and has not come to its end`,
      'run "cartero migrate-store to-embedded" again, or remove the folder',
    )
}

/** Makes the folder if need be, and sees that it is whole. Throws OperatorError when it cannot be used. */
export function prepareDataFolder(data: DataFolder): void {
  makeDataFolder(data)
  requireWhole(data)
}

/** Makes the folder if need be, for its owner only; one that is there keeps the rights it has. Throws OperatorError when it cannot be used. */
export function makeDataFolder({ path }: DataFolder): void {
  const remedy = 'choose another folder with --data, or give this user the right to write there'
  try {
    if (!existsSync(path)) mkdirSync(path, { recursive: true, mode: 0o700 })
    if (!statSync(path).isDirectory()) throw new OperatorError(`the data folder ${path} is a file`, remedy)
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK)
  } catch (error) {
    throw explainSystemError(error, `use the data folder ${path}`, remedy)
  }
}
