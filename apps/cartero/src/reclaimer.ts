import { setTimeout as pause } from 'node:timers/promises'

import type { Component } from '@cartero/agent/lifecycle'
import type { Logger } from '@cartero/agent/telemetry'

import type { Stores } from './stores.ts'

export interface ReclaimerOptions {
  readonly stores: Stores
  /** Milliseconds between two rounds. */
  readonly every: number
  readonly logger: Logger
}

/** Gives disk space back that neither spool nor mailstore refer to any more. Only the composition knows both. */
export function reclaimer({ stores, every, logger }: ReclaimerOptions): Component {
  const leaving = new AbortController()
  let rounds: Promise<void> = Promise.resolve()
  const leave = async (): Promise<void> => {
    leaving.abort()
    await rounds
  }
  return {
    name: 'reclaimer',
    start: () => {
      rounds = run(stores, every, logger.child({ agent: 'reclaimer' }), leaving.signal)
    },
    drain: leave,
    stop: leave,
  }
}

/** Until the signal aborts. A round that fails is told, and the next one tries again. */
async function run(stores: Stores, every: number, log: Logger, signal: AbortSignal): Promise<void> {
  while (await waited(every, signal)) {
    const { content, spool, mailStore } = stores.open
    try {
      const reclaimed = await content.reclaim([spool, mailStore], signal)
      if (reclaimed.freed > 0) log.info('content.reclaimed', { ...reclaimed })
    } catch (error) {
      if (!signal.aborted) log.error('content.reclaim-failed', { err: error })
    }
  }
}

/** False when the signal aborts first. */
function waited(milliseconds: number, signal: AbortSignal): Promise<boolean> {
  return pause(milliseconds, true, { signal, ref: false }).catch(() => false)
}
