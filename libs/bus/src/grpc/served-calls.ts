import type { HearEndedCall } from './ended-call.ts'
import { RpcError, type RpcCode } from './rpc-error.ts'

/** What of gRPC's call is needed to know that nobody waits for its end any more. */
export interface CancellableCall {
  readonly cancelled: boolean
  once(event: 'cancelled', listener: () => void): unknown
}

/** A call that is under way. */
export interface ServedCall {
  /** Aborts when the caller is gone, when his time is over, and when the server has to leave. */
  readonly signal: AbortSignal
  end(code: 'OK' | RpcCode): void
}

export interface ServedProcedure {
  readonly procedure: string
  readonly isStream: boolean
}

/** The calls that a server has under way. */
export class ServedCalls {
  readonly #running = new Set<AbortController>()
  readonly #hear: HearEndedCall | undefined

  constructor(hear: HearEndedCall | undefined) {
    this.#hear = hear
  }

  get count(): number {
    return this.#running.size
  }

  begin(call: CancellableCall, about: ServedProcedure): ServedCall {
    const over = new AbortController()
    const begun = performance.now()
    this.#running.add(over)
    call.once('cancelled', () => over.abort(new RpcError('CANCELLED', 'the caller went away')))
    if (call.cancelled) over.abort(new RpcError('CANCELLED', 'the caller went away'))
    const end = (code: 'OK' | RpcCode): void => {
      if (!this.#running.delete(over)) return
      this.#hear?.({ ...about, code, milliseconds: performance.now() - begun })
    }
    return { signal: over.signal, end }
  }

  /** All of them have to end. */
  cut(): void {
    for (const over of this.#running) over.abort(new RpcError('UNAVAILABLE', 'this agent is leaving'))
  }
}
