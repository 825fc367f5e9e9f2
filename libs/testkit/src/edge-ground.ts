import assert from 'node:assert/strict'
import { createLoggerTo, type Logger } from '@cartero/agent/telemetry'
import { MemoryContentLog } from '@cartero/content/memory'
import type { Envelope } from '@cartero/spool'
import { MemorySpool } from '@cartero/spool/memory'
import { ManualClock, NetworkSet, parseNetwork } from '@cartero/wire'

/** An accepted message as the spool has it. */
export interface Kept {
  readonly envelope: Envelope
  readonly prefix: string
  readonly octets: string
}

/** What a receiving edge stands on in tests: a spool in memory, a clock that stands still, and what was told. */
export class EdgeGround implements AsyncDisposable {
  readonly clock = new ManualClock()
  readonly lines: string[] = []
  readonly logger: Logger = createLoggerTo((line) => this.lines.push(line))
  readonly content = new MemoryContentLog()
  readonly spool = new MemorySpool({ content: this.content, clock: this.clock })

  /** The one message that was accepted since the last time. It is done with then. */
  async kept(): Promise<Kept> {
    const arrivals = this.spool.arrivals(1, AbortSignal.timeout(5_000))[Symbol.asyncIterator]()
    const { value } = await arrivals.next()
    const [message] = value ?? assert.fail('nothing was accepted')
    assert.ok(message)
    await this.spool.route([{ queueId: message.queueId, deliveries: [] }])
    const octets = (await this.content.read(message.content)).toString('latin1')
    return { envelope: message.envelope, prefix: message.prefix.toString(), octets }
  }

  /** The log line of that event that was told last; empty when there is none. */
  told(event: string): Record<string, unknown> {
    const line = this.lines.findLast((each) => each.includes(`"${event}"`))
    return JSON.parse(line ?? '{}') as Record<string, unknown>
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.spool.close()
  }
}

/** Networks in their notation. */
export function networks(...texts: readonly string[]): NetworkSet {
  return new NetworkSet(texts.map((text) => parseNetwork(text) ?? assert.fail(text)))
}
