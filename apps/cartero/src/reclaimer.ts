import type { Component } from '@cartero/agent/lifecycle'
import type { Logger } from '@cartero/agent/telemetry'
import type { ContentStore, ReferenceOwner } from '@cartero/content'
import { pause, systemClock, type Clock } from '@cartero/wire'

/**
 * Milliseconds between two rounds while space is short. Everybody is refused meanwhile, so it is short; a round asks both
 * stores about every segment, so that it is no shorter.
 */
export const LOW_INTERVAL = 5_000
/** Of a round that takes long, so many times its length: a disk full of mail that is wanted must not keep us busy. */
const REST_SHARE = 9

export interface ReclaimerOptions {
  readonly stores: {
    readonly open: {
      readonly content: Pick<ContentStore, 'reclaim' | 'whenLow'>
      readonly spool: ReferenceOwner
      readonly mailStore: ReferenceOwner
    }
  }
  /** Rejects while content may be referred to by what no store knows yet: then nothing is reclaimed. */
  readonly check?: () => Promise<void>
  /** Milliseconds between two rounds while there is space enough. */
  readonly every: number
  readonly logger: Logger
  readonly clock?: Clock
}

/** Gives disk space back that neither spool nor mailstore refer to any more: at times, and when it runs short. Only the composition knows both. */
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
  { stores, check, every, clock = systemClock }: ReclaimerOptions,
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  const { content, spool, mailStore } = stores.open
  for (let rest = 0; await isDue(rest);) {
    const began = clock.now()
    try {
      await check?.()
      const reclaimed = await content.reclaim([spool, mailStore], signal)
      if (reclaimed.freed > 0) log.info('content.reclaimed', { ...reclaimed })
    } catch (error) {
      if (!signal.aborted) log.error('content.reclaim-failed', { err: error })
    }
    rest = Math.min(every, Math.max(LOW_INTERVAL, (clock.now() - began) * REST_SHARE))
  }

  /** After the rest: when its time has come, or when space is short. False when the signal aborted. */
  async function isDue(rest: number): Promise<boolean> {
    if (rest > 0 && !(await pause(clock, rest, signal))) return false
    const either = new AbortController()
    const waiting = AbortSignal.any([signal, either.signal])
    await Promise.race([pause(clock, every - rest, waiting), content.whenLow(waiting)])
    either.abort()
    return !signal.aborted
  }
}
