import type { Clock } from '@cartero/wire'

import { NATS_LIMITS } from './limits.ts'

/** Fulfilled when it is done, has failed, or takes too long: for what is nice to have at the end. */
export function withinLimit(work: Promise<unknown>, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    const cancel = clock.after(NATS_LIMITS.close, resolve)
    const end = (): void => {
      cancel()
      resolve()
    }
    work.then(end, end)
  })
}
