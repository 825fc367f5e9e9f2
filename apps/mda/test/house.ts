// The MDA over a spool, a content log and mailboxes in memory. The clock stands still.
import type { TestContext } from 'node:test'
import { MetricRegistry, silentLogger } from '@cartero/agent/telemetry'
import { MemoryContentLog } from '@cartero/content/memory'
import { createMemoryMailStore } from '@cartero/mailstore/memory'
import { createMdaAgent, Terminals } from '@cartero/mda-agent/agent'
import type { DeliveryId, DeliveryRecipient, Envelope } from '@cartero/spool'
import { MemorySpool } from '@cartero/spool/memory'
import { Notices } from '@cartero/spool/notices'
import { ManualClock } from '@cartero/wire'

export const LETTER = 'Subject: hello\r\n\r\nbody\r\n'

/** @param inFlight batches at work at a time */
export function house(inFlight?: number) {
  const clock = new ManualClock()
  const content = new MemoryContentLog()
  const spool = new MemorySpool({ content, clock })
  const mailStore = createMemoryMailStore()
  const notices = new Notices({
    intake: spool,
    content,
    hostname: 'mail.cartero.test',
    clock,
    random: (octets) => new Uint8Array(octets),
  })
  const terminals = new Terminals(clock)
  const agent = createMdaAgent({
    spool,
    mailStore,
    content,
    notices,
    terminals,
    ...(inFlight !== undefined && { inFlight }),
    logger: silentLogger,
    metrics: new MetricRegistry(),
    clock,
  })
  return { clock, content, spool, mailStore, terminals, agent }
}

export type House = ReturnType<typeof house>

export async function accept(
  { spool }: House,
  recipients: readonly DeliveryRecipient[],
  letter: string = LETTER,
  envelope: Partial<Envelope> = {},
): Promise<DeliveryId> {
  const draft = spool.begin({
    reversePath: 'stranger@elsewhere.test',
    recipients: recipients.map(({ address }) => ({ address })),
    client: { address: '192.0.2.1', helo: 'elsewhere.test', protocol: 'ESMTP' },
    ...envelope,
  })
  void draft.write(Buffer.from(letter))
  const queueId = await draft.commit(Buffer.from('Received: from a by b; Thu, 1 Jan 2026 00:00:00 +0000\r\n'))
  await spool.route([{ queueId, deliveries: [{ nextHop: { kind: 'local' }, recipients }] }])
  return `${queueId}.1` as DeliveryId
}

export async function messages({ mailStore, content }: House, account: string): Promise<string[]> {
  const inbox = await mailStore.mailbox(account, 'INBOX')
  if (inbox === undefined) return []
  const { rows } = await mailStore.open(inbox.id)
  const stored = await mailStore.fetch(
    inbox.id,
    rows.map(({ uid }) => uid),
  )
  return Promise.all(
    stored.map(
      async (message) => message.prefix.toString() + (await content.read(message.content)).toString(),
    ),
  )
}

/** A notice was written; nobody routes it here. */
export async function isNoticed({ spool }: House): Promise<boolean> {
  return (await spool.list({ state: 'ready' }, { limit: 10 })).deliveries.some(({ id }) => id.endsWith('.0'))
}

/** What was written to the sender, one text for each notice. */
export async function notices(rooms: House): Promise<string[]> {
  for (let i = 0; i < 1_000 && !(await isNoticed(rooms)); i++) await new Promise(setImmediate)
  if (!(await isNoticed(rooms))) return []
  for await (const batch of rooms.spool.arrivals(100, AbortSignal.timeout(5_000)))
    return Promise.all(
      batch.map(async (message) => (await rooms.content.read(message.content)).toString('latin1')),
    )
  return []
}

export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (let i = 0; i < 1_000; i++) {
    if (await condition()) return
    await new Promise(setImmediate)
  }
  throw new Error('what the test waits for did not come')
}

export async function running(t: TestContext, inFlight?: number): Promise<House> {
  const rooms = house(inFlight)
  await rooms.agent.start!(AbortSignal.timeout(10_000))
  t.after(async () => {
    await rooms.spool.close()
    await rooms.agent.drain!(AbortSignal.abort())
  })
  return rooms
}

export const to = (account: string): DeliveryRecipient => ({ address: account, account })
