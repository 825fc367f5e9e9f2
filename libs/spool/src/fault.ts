import { ContentStoreError } from '@cartero/content'
import { SqlError } from '@cartero/sql'

import { SpoolError } from './ports.ts'

/** What a store below us could not do, in the words of the spool. */
export function asSpoolError(cause: unknown): SpoolError {
  if (cause instanceof SpoolError) return cause
  const isFull = (cause instanceof ContentStoreError || cause instanceof SqlError) && cause.fault === 'full'
  const message = cause instanceof Error ? cause.message : String(cause)
  return new SpoolError(isFull ? 'full' : 'unavailable', message, { cause })
}
