import { readFileSync } from 'node:fs'

import { explainSystemError, OperatorError } from '@cartero/agent/lifecycle'

/**
 * A secret from its file, without a line break at the end. Throws OperatorError when it cannot be read, or is not there.
 *
 * @param key where its path stands in the configuration
 */
export function secretIn(file: string, key: string): string {
  let secret: string
  try {
    secret = readFileSync(file, 'utf8').replace(/\r?\n$/, '')
  } catch (error) {
    throw explainSystemError(error, `read ${file}`, `check ${key}, and who may read the file`)
  }
  if (secret === '')
    throw new OperatorError(`${file} is empty`, `write the secret into it, or correct ${key}`)
  return secret
}
