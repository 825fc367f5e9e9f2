import {
  HealthCheckResponse_ServingStatus as Status,
  type Health,
  type HealthCheckRequest,
  type HealthCheckResponse,
} from '@cartero/contracts/health'

import { RpcError } from './rpc-error.ts'

/** How a server and each of its services are, for whoever asks and for whoever watches. */
export class HealthBoard implements Health {
  readonly #serving = new Map<string, boolean>()
  readonly #watchers = new Set<() => void>()
  #isLeaving = false

  constructor(services: readonly string[]) {
    for (const service of ['', ...services]) this.#serving.set(service, true)
  }

  /** From now on; without a service, the server as a whole and all of them. */
  tell(isServing: boolean, service?: string): void {
    const named = service === undefined ? [...this.#serving.keys()] : [service]
    for (const name of named) this.#serving.set(name, isServing && !this.#isLeaving)
    this.#ring()
  }

  /** Serves no more, for good; whoever watches hears so, and no more after that. */
  leave(): void {
    this.#isLeaving = true
    this.tell(false)
  }

  async Check({ service }: HealthCheckRequest): Promise<HealthCheckResponse> {
    const status = this.#statusOf(service)
    if (status === Status.SERVICE_UNKNOWN) throw new RpcError('NOT_FOUND', `'${service}' is not offered here`)
    return { status }
  }

  async *Watch(
    { service }: HealthCheckRequest,
    signal: AbortSignal = new AbortController().signal,
  ): AsyncGenerator<HealthCheckResponse, void> {
    let told: Status | undefined
    let wake: (() => void) | undefined
    const ring = (): void => wake?.()
    this.#watchers.add(ring)
    signal.addEventListener('abort', ring, { once: true })
    try {
      while (!signal.aborted) {
        const status = this.#statusOf(service)
        if (status !== told) yield { status: (told = status) }
        else if (this.#isLeaving) return
        else await new Promise<void>((resolve) => (wake = resolve))
      }
    } finally {
      this.#watchers.delete(ring)
    }
  }

  #statusOf(service: string): Status {
    const isServing = this.#serving.get(service)
    if (isServing === undefined) return Status.SERVICE_UNKNOWN
    return isServing ? Status.SERVING : Status.NOT_SERVING
  }

  #ring(): void {
    for (const ring of this.#watchers) ring()
  }
}
