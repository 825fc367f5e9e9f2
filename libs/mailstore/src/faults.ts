import { SqlError } from '@cartero/sql'

import { MailStoreError } from './ports.ts'

/** A full disk and a database that cannot be reached are the store's fault; anything else is a bug and stays what it is. */
export function storeFault(error: unknown): unknown {
  if (!(error instanceof SqlError)) return error
  if (error.fault === 'full') return new MailStoreError('full', 'the disk is full', { cause: error })
  if (error.fault === 'busy' || error.fault === 'io') {
    return new MailStoreError('unavailable', 'the mailstore cannot be reached', { cause: error })
  }
  return error
}
