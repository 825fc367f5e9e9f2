import { readFileSync } from 'node:fs'

import { explainSystemError } from '@cartero/agent/lifecycle'

/**
 * A secret from its file, without a line break at the end. Throws OperatorError when it cannot be read.
 *
 * @param key where its path stands in the configuration
 */
export function secretIn(file: string, key: string): string {
  try {
    return readFileSync(file, 'utf8').replace(/\r?\n$/, '')
  } catch (error) {
    throw explainSystemError(error, `read ${file}`, `check ${key}, and who may read the file`)
  }
}
