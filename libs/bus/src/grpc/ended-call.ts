import type { RpcCode } from './rpc-error.ts'

/** What became of one call, for whoever counts them. */
export interface EndedCall {
  /** `cartero.spool.v1.SpoolService/List`: as many as there are procedures. */
  readonly procedure: string
  readonly code: 'OK' | RpcCode
  /** From its beginning to its end; for a stream that is as long as it lasted. */
  readonly milliseconds: number
  readonly isStream: boolean
}

/** Told of each call that has ended. Does not throw, and does not wait. */
export type HearEndedCall = (call: EndedCall) => void
