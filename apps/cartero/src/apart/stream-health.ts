import type { Health } from '@cartero/agent/lifecycle'
import type { StreamTrouble } from '@cartero/bus/nats'

/** How something is that stands on a stream: without the stream it fails, with one that is not as it must be it serves all the same. */
export function streamHealth({ error, isThere }: StreamTrouble): Health {
  return { status: isThere ? 'degraded' : 'failing', reason: error.message, hint: error.remedy }
}
