import type { ContentStore } from '@cartero/content'
import type { Archive } from '@cartero/sql/archive'

import type { StoreName } from '../services-rules.ts'

/** Where mail is carried to. */
export type Direction = 'to-services' | 'to-embedded'

/** All stores of one shape, at rest, open until it is disposed of. */
export interface Side {
  readonly content: ContentStore
  readonly archives: Readonly<Record<StoreName, Archive>>
}

/** In the order in which they are carried: whoever logs in finds his mailboxes, and what waits finds both. */
export const CARRIED: readonly StoreName[] = ['directory', 'mailstore', 'spool', 'journey']

/** Stores that refer to contents. */
export const OWNERS = ['mailstore', 'spool'] as const
