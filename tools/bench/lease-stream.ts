// Deliveries a second that one MDA leases and settles over a socket: a spool in memory behind gRPC, batches of 100, TLS on demand.
// usage: npm run bench:lease-stream -- [--deliveries 20000] [--batch 100] [--rounds 5] [--tls]
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'

import { RpcChannel, RpcServer, type AgentIdentity } from '@cartero/bus/grpc'
import { MemoryContentLog } from '@cartero/content/memory'
import { MessageIndexer } from '@cartero/message'
import type { Envelope } from '@cartero/spool'
import { MemorySpool } from '@cartero/spool/memory'
import { RemoteSpool, spoolOffer } from '@cartero/spool/remote'
import { TestAuthority } from '@cartero/testkit'

import { median } from './rounds.ts'

const { values } = parseArgs({
  options: {
    deliveries: { type: 'string', default: '20000' },
    batch: { type: 'string', default: '100' },
    rounds: { type: 'string', default: '5' },
    tls: { type: 'boolean', default: false },
  },
})
const [deliveries, batch, rounds] = [values.deliveries, values.batch, values.rounds].map(Number) as [
  number,
  number,
  number,
]
/** Batches that the MDA has in hand at once, as its deliverer does. */
const IN_FLIGHT = 4
const MESSAGE = Buffer.from(
  `From: Ann <ann@far.test>\r\nTo: Tim <tim@home.test>\r\nSubject: a letter\r\nDate: Mon, 5 Jan 2026 10:00:00 +0000\r\nMessage-ID: <1@far.test>\r\n\r\n${'x'.repeat(70)}\r\n`,
)
const PREFIX = Buffer.from(
  'Received: from far.test (far.test [192.0.2.9]) by mail.home.test with ESMTPS; today\r\n',
)
const ENVELOPE: Envelope = {
  reversePath: 'ann@far.test',
  recipients: [{ address: 'tim@home.test', notify: ['failure'] }],
  client: { address: '192.0.2.9', helo: 'far.test', protocol: 'ESMTPS' },
  body: '8BITMIME',
}

const content = new MemoryContentLog()
const spool = new MemorySpool({ content })
const identity = values.tls ? identityForLoopback() : undefined
const server = new RpcServer({
  address: '127.0.0.1:0',
  offers: [spoolOffer({ spool, content })],
  bug: (error) => console.error(error),
  ...(identity && { identity }),
})
const port = await server.listen()
const channel = new RpcChannel({ address: `localhost:${port}`, ...(identity && { identity }) })
const far = new RemoteSpool({ channel })

const near: number[] = []
const remote: number[] = []
for (let round = 0; round < rounds; round++) {
  near.push(await rate(spool))
  remote.push(await rate(far))
}
const shown = (rates: readonly number[]): string => Math.round(median(rates)).toLocaleString('en')
console.log(
  `${deliveries} deliveries, batches of ${batch}, ${rounds} rounds, ${availableParallelism()} cores`,
)
console.log(`in the same process      ${shown(near)}/s`)
console.log(
  `over a socket${values.tls ? ' (TLS)' : '      '}       ${shown(remote)}/s  both sides in one process`,
)
await far.close()
channel.close()
await server.close(AbortSignal.abort())

/** Leases and settles all there is, several batches at once. */
async function rate(from: Pick<MemorySpool, 'lease' | 'settle'>): Promise<number> {
  await fill()
  const over = new AbortController()
  const working = new Set<Promise<void>>()
  const start = performance.now()
  let leased = 0
  for await (const given of from.lease('local', batch, over.signal)) {
    leased += given.length
    const work = from
      .settle(given.map(({ id }) => ({ id, state: 'delivered' })))
      .finally(() => working.delete(work))
    working.add(work)
    if (working.size >= IN_FLIGHT) await Promise.race(working)
    if (leased >= deliveries) over.abort()
  }
  await Promise.all(working)
  return (deliveries / (performance.now() - start)) * 1_000
}

async function fill(): Promise<void> {
  const indexer = new MessageIndexer()
  indexer.write(MESSAGE)
  const index = indexer.end()
  for (let n = 0; n < deliveries; n++) {
    const draft = spool.begin(ENVELOPE)
    await draft.write(MESSAGE)
    await draft.commit(PREFIX, {}, index)
  }
  let routed = 0
  for await (const messages of spool.arrivals(1_000, new AbortController().signal)) {
    const nextHop = { kind: 'local' } as const
    const recipients = [{ address: 'tim@home.test', account: 'tim@home.test' }]
    await spool.route(messages.map(({ queueId }) => ({ queueId, deliveries: [{ nextHop, recipients }] })))
    if ((routed += messages.length) >= deliveries) return
  }
}

function identityForLoopback(): AgentIdentity {
  const authority = TestAuthority.root('Agents')
  const { certificate, key } = authority.issue({ names: ['localhost'] })
  return {
    authority: Buffer.from(authority.certificate),
    certificate: Buffer.from(certificate),
    key: Buffer.from(key),
  }
}
