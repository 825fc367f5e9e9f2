import type { Component } from '@cartero/agent/lifecycle'
import type { Logger } from '@cartero/agent/telemetry'
import type { ContentStore, ReferenceOwner } from '@cartero/content'
import { pause, systemClock, type Clock } from '@cartero/wire'

export interface ReclaimerOptions {
  readonly stores: {
    readonly open: {
      readonly content: Pick<ContentStore, 'reclaim'>
      readonly spool: ReferenceOwner
      readonly mailStore: ReferenceOwner
    }
  }
  /** Milliseconds between two rounds. */
  readonly every: number
  readonly logger: Logger
  readonly clock?: Clock
}

/** Gives disk space back that neither spool nor mailstore refer to any more. Only the composition knows both. */
export function reclaimer(options: ReclaimerOptions): Component {
  const leaving = new AbortController()
  let rounds: Promise<void> = Promise.resolve()
  const leave = async (): Promise<void> => {
    leaving.abort()
    await rounds
  }
  return {
    name: 'reclaimer',
    start: () => {
      rounds = run(options, options.logger.child({ agent: 'reclaimer' }), leaving.signal)
    },
    drain: leave,
    stop: leave,
  }
}

/** Until the signal aborts. A round that fails is told, and the next one tries again. */
async function run(
  { stores, every, clock = systemClock }: ReclaimerOptions,
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  while (await pause(clock, every, signal)) {
    const { content, spool, mailStore } = stores.open
    try {
      const reclaimed = await content.reclaim([spool, mailStore], signal)
      if (reclaimed.freed > 0) log.info('content.reclaimed', { ...reclaimed })
    } catch (error) {
      if (!signal.aborted) log.error('content.reclaim-failed', { err: error })
    }
  }
}
