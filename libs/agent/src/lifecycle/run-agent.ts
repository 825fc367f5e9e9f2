import { systemClock, type Clock } from '@cartero/wire'

import type { Agent } from './component.ts'
import { StartError } from './group.ts'
import { Lifecycle, type LifecycleOptions } from './lifecycle.ts'
import { OperatorError } from './operator-error.ts'

/** The part of `process` that an agent is run by; a test gives its own. */
export interface Host {
  on(event: string, listener: (argument: unknown) => void): unknown
  off(event: string, listener: (argument: unknown) => void): unknown
  exitCode?: number | string | null | undefined
}

export interface RunOptions extends LifecycleOptions {
  /** Called when everything serves. */
  readonly onReady?: (lifecycle: Lifecycle) => void
  /** Where a failed start is explained, in sentences; standard error when absent. */
  readonly explain?: (text: string) => void
  readonly host?: Host
  /** Lets the caller share the lifecycle with its admin server. */
  readonly lifecycle?: Lifecycle
}

/** Milliseconds within which two signals are one: npm passes on what the terminal has already sent. */
export const SAME_SIGNAL = 500
const SIGNALS = ['SIGTERM', 'SIGINT'] as const
/** Longest delay that a timer takes (Node clamps what is above 2^31-1). */
const FOREVER = 2 ** 31 - 1

/**
 * Runs an agent until SIGTERM or SIGINT, or until somebody shuts its lifecycle down, drains it and stops it. A second signal hurries. Sets the exit code: 0 after
 * an orderly end, 1 when it did not start, did not stop well or met a bug. Never calls process.exit.
 */
export async function runAgent(agent: Agent, options: RunOptions = {}): Promise<void> {
  const host: Host = options.host ?? process
  const lifecycle = options.lifecycle ?? new Lifecycle(agent, options)
  let exitCode = 0
  const end = (reason: string): void => {
    if (lifecycle.endRequested) lifecycle.hurry('second signal')
    void lifecycle.shutdown(reason)
  }
  const onBug = (error: unknown): void => {
    exitCode = 1
    options.log?.error('agent.bug', { err: error })
    explainFailure(error, options.explain)
    lifecycle.hurry('a bug')
    end('a bug')
  }
  using _watch = watchHost(host, once(end, options.clock ?? systemClock), onBug)
  try {
    await lifecycle.start()
    options.onReady?.(lifecycle)
    if ((await lifecycle.over).length > 0) exitCode = 1
  } catch (error) {
    if (!lifecycle.endRequested) {
      exitCode = 1
      explainFailure(error, options.explain)
    }
    await lifecycle.shutdown('the start failed')
  }
  host.exitCode = exitCode
}

/** A signal that follows another at once is the same one. */
function once(onSignal: (signal: string) => void, clock: Clock): (signal: unknown) => void {
  let last = Number.NEGATIVE_INFINITY
  return (signal) => {
    const sinceLast = clock.now() - last
    last = clock.now()
    if (sinceLast >= SAME_SIGNAL) onSignal(String(signal))
  }
}

/** Listens to the host until disposed, and holds the process while a drain waits for something that has no handle itself. */
function watchHost(
  host: Host,
  onSignal: (signal: unknown) => void,
  onBug: (error: unknown) => void,
): Disposable {
  const alive = setInterval(() => undefined, FOREVER)
  for (const signal of SIGNALS) host.on(signal, onSignal)
  host.on('uncaughtException', onBug)
  return {
    [Symbol.dispose]: () => {
      clearInterval(alive)
      for (const signal of SIGNALS) host.off(signal, onSignal)
      host.off('uncaughtException', onBug)
    },
  }
}

/** What an operator needs of an error: sentences when it is one of ours, the stack when it is a bug. */
function explainFailure(error: unknown, explain: RunOptions['explain']): void {
  const write = explain ?? ((text: string) => void process.stderr.write(text))
  const root = rootOf(error)
  if (root instanceof OperatorError) {
    write(`error: ${root.message}\n  fix: ${root.remedy}\n`)
    return
  }
  write(`error: ${error instanceof Error ? error.message : String(error)}\n`)
  if (root instanceof Error && root.stack !== undefined) write(`${root.stack}\n`)
}

/** What made a component, or a component of a component, fail to start. */
function rootOf(error: unknown): unknown {
  return error instanceof StartError ? rootOf(error.cause) : error
}
