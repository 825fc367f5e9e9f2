import type { MaybePromise } from '@cartero/wire'

/**
 * How a component is. `degraded` still serves: something is missing that the operator may want to mend.
 * `failing` cannot serve: /readyz answers 503 as long as it lasts.
 */
export type Health =
  | { readonly status: 'ok'; readonly detail?: string }
  | { readonly status: 'degraded' | 'failing'; readonly reason: string; readonly hint: string }

/**
 * A part of a process that is started, drained and stopped. All methods are optional and each is called at most once,
 * in this order: `start`, `drain`, `stop`.
 */
export interface Component {
  /** Shown in logs, errors and /readyz: `mx`, `spool`. Unique in its agent. */
  readonly name: string
  /**
   * Opens what it needs; fulfilled when it serves. A start that rejects leaves nothing open, and `stop` is not called.
   * Rejects with an OperatorError when the operator can mend it. `signal` aborts when the process is told to end meanwhile.
   */
  start?(signal: AbortSignal): MaybePromise<void>
  /**
   * Takes no new work and finishes the work at hand. `signal` aborts when the time for that is over: then it cuts what
   * may be cut and returns. What others still hand to it until `stop` is still taken.
   */
  drain?(signal: AbortSignal): MaybePromise<void>
  /** Lets go of everything. Also called when there was no drain. */
  stop?(): MaybePromise<void>
  /** Asked by /readyz; cheap, and answered within a second. */
  health?(): MaybePromise<Health>
}

/** What a process is made of: its components in the order in which they start. */
export interface Agent {
  readonly name: string
  readonly components: readonly Component[]
}
