import type { SqlFault } from './error.ts'

/** What the event loop posts to the thread. Positional, because one is made for every call. */
export type Request =
  | {
      readonly kind: 'open'
      readonly store: number
      readonly file: string
      readonly procedures: string
      readonly cacheKiB: number
    }
  | { readonly kind: 'close'; readonly store: number }
  | { readonly kind: 'end' }
  | { readonly kind: 'batch'; readonly calls: readonly QueuedCall[] }

/** Store, procedure, argument. */
export type QueuedCall = readonly [store: number, name: string, argument: unknown]

/** One for each request; for a batch, one result for each call, in the same order. */
export type Response = readonly Result[]

/** A failure is told in words, because errors lose their class on the way. */
export type Result = { readonly ok: true; readonly value: unknown } | Failure

export interface Failure {
  readonly ok: false
  readonly fault: SqlFault
  readonly message: string
}
