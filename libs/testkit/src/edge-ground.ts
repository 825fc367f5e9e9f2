import assert from 'node:assert/strict'
import { createLoggerTo, type Logger } from '@cartero/agent/telemetry'
import { MemoryContentLog } from '@cartero/content/memory'
import { destinationOf, type DestinationName, type Envelope, type NextHop } from '@cartero/spool'
import { MemorySpool } from '@cartero/spool/memory'
import { ManualClock, NetworkSet, parseNetwork } from '@cartero/wire'

/** An accepted message as the spool has it. */
export interface Kept {
  readonly envelope: Envelope
  readonly prefix: string
  readonly octets: string
}

const ENVELOPE: Envelope = {
  reversePath: 'alice@cartero.test',
  recipients: [{ address: 'tim@elsewhere.test' }],
  client: { address: '127.0.0.1', helo: 'client.test', protocol: 'ESMTP' },
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

  /** So many messages that were tried once and wait for a next hop, for as long as the clock stands still. */
  async deferred(nextHop: NextHop, count = 1): Promise<void> {
    for (let n = 0; n < count; n++) {
      const draft = this.spool.begin(ENVELOPE)
      await draft.write(Buffer.from('Subject: x\r\n\r\nx\r\n'))
      const queueId = await draft.commit(Buffer.alloc(0))
      const recipients = ENVELOPE.recipients.map(({ address }) => ({ address, account: '' }))
      await this.spool.route([{ queueId, deliveries: [{ nextHop, recipients }] }])
    }
    const terms = { owner: 'test', expiresIn: 60_000 }
    const leased = await this.spool.take(destinationOf(nextHop), count, terms)
    const notBefore = this.clock.now() + 86_400_000
    await this.spool.settle(
      leased.map(({ id }) => ({ id, state: 'deferred' as const, notBefore, reason: '450 4.2.0 not now' })),
    )
  }

  /** Destinations that are due now, those that were urged with a `!`; waits until there are any. */
  async due(): Promise<readonly DestinationName[]> {
    for await (const found of this.spool.due(AbortSignal.timeout(5_000)))
      return found.map(({ destination, isUrged }) => `${destination}${isUrged ? '!' : ''}`).toSorted()
    return assert.fail('nothing is due')
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
