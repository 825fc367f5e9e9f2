import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { explainSystemError } from '@cartero/agent/lifecycle'

import type { DataFolder } from '../data-folder.ts'
import { writeDurably } from '../durable-file.ts'

/**
 * What the user of a data folder is called, in one life as in the next: leases that were his when he was killed are his again when he
 * starts. A folder has one user at a time, so no two that run have one name. Throws OperatorError when the folder cannot be used.
 */
export function instanceOf({ path }: DataFolder): string {
  const file = join(path, 'instance')
  try {
    if (!existsSync(file)) writeDurably(file, `${randomBytes(8).toString('hex')}\n`, { mode: 0o600 })
    return readFileSync(file, 'utf8').trim()
  } catch (error) {
    throw explainSystemError(error, `use ${file}`)
  }
}
