import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'

import { explainSystemError, OperatorError } from '@cartero/agent/lifecycle'
import { SECRET_KEY_OCTETS } from '@cartero/directory'

import { writeDurably } from './durable-file.ts'

/**
 * The key of a file, which is made for its owner only when there is none. It stands beside the database and not in it, so
 * that a copy of the database alone tells no password. Throws OperatorError when the file cannot be used.
 */
export function secretKey(file: string): () => Uint8Array {
  let key: Uint8Array | undefined
  return () => (key ??= readOrMake(file))
}

function readOrMake(file: string): Uint8Array {
  try {
    // Of two who make it at once, one fails and reads what the other has made.
    if (!existsSync(file)) writeDurably(file, randomBytes(SECRET_KEY_OCTETS), { mode: 0o600, isNew: true })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw explainSystemError(error, `make ${file}`)
  }
  const key = read(file)
  if (key.length === SECRET_KEY_OCTETS) return key
  throw new OperatorError(
    `${file} is not a key of ${SECRET_KEY_OCTETS} octets`,
    'bring back the key from your backup; without it, remove the file and set the passwords of the accounts anew that have a reversible secret',
  )
}

function read(file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (error) {
    throw explainSystemError(error, `read ${file}`)
  }
}
