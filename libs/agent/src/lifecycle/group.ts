import type { Component, Health } from './component.ts'
import { OperatorError } from './operator-error.ts'

/** A component did not start; the message names it and says why. Those before it have been stopped again. */
export class StartError extends Error {
  override readonly name = 'StartError'
  readonly component: string
  /** What the operator can do, when the cause knew. */
  readonly remedy: string | undefined

  constructor(component: string, cause: unknown) {
    super(`${component} did not start: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
    this.component = component
    this.remedy = cause instanceof OperatorError || cause instanceof StartError ? cause.remedy : undefined
  }
}

/** Starts in order. When one fails, those that have started are stopped in reverse and a StartError is thrown. */
export async function startInOrder(components: readonly Component[], signal: AbortSignal): Promise<void> {
  const started: Component[] = []
  for (const component of components) {
    try {
      signal.throwIfAborted()
      await component.start?.(signal)
    } catch (error) {
      await stopInReverse(started)
      throw new StartError(component.name, error)
    }
    started.push(component)
  }
}

/** Stops in reverse order, each one whatever became of the others. Returns what went wrong. */
export async function stopInReverse(components: readonly Component[]): Promise<Error[]> {
  const failures: Error[] = []
  for (const component of components.toReversed()) {
    try {
      await component.stop?.()
    } catch (error) {
      failures.push(new Error(`${component.name} did not stop well: ${String(error)}`, { cause: error }))
    }
  }
  return failures
}

/** Several components as one: started in order, drained together, stopped in reverse. */
export function group(name: string, components: readonly Component[]): Component {
  return {
    name,
    start: (signal) => startInOrder(components, signal),
    async drain(signal) {
      await Promise.all(components.map(async (component) => component.drain?.(signal)))
    },
    async stop() {
      const failures = await stopInReverse(components)
      if (failures.length > 0)
        throw new AggregateError(failures, failures.map((failure) => failure.message).join('; '))
    },
    health: () => worstOf(components),
  }
}

const SEVERITY = { ok: 0, degraded: 1, failing: 2 } as const

async function worstOf(components: readonly Component[]): Promise<Health> {
  let worst: Health = { status: 'ok' }
  for (const component of components) {
    const health = (await component.health?.()) ?? { status: 'ok' as const }
    if (SEVERITY[health.status] > SEVERITY[worst.status]) worst = health
  }
  return worst
}
