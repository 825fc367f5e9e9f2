// What the broker lets agents do, with the file that is deployed: somebody who has stolen a certificate tries what is not his.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { connect } from 'node:tls'

import { NatsBus, ObjectBucket } from '@cartero/bus/nats'
import { NATS_LACKS, NatsServers } from '@cartero/testkit'
import { PERMISSIONS } from '@cartero/testkit/apart'

import { cartero } from './cartero-command.ts'

const EDGES = ['mx', 'msa', 'odmr'] as const
const QUESTION = { timeout: 3_000 }
const CONTENT = { name: 'CARTERO_CONTENT', replicas: 1, isSynced: false, maxOctets: 10_000_000 }

describe('a stolen certificate at the broker', { skip: NATS_LACKS }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'cartero-permissions-'))
  const open: NatsBus[] = []
  let broker: NatsServers
  let mta: NatsBus

  before(async () => {
    const made = await cartero(['identity', folder, 'nats', 'doors'])
    assert.equal(made.code, 0, made.err)
    const of = (name: string): string => readFileSync(join(folder, name), 'utf8')
    const tls = { authority: of('authority.pem'), certificate: of('nats.pem'), key: of('nats.key') }
    broker = await NatsServers.start({ tls, nodes: 3, permissions: PERMISSIONS })
    mta = await busOf('mta')
    await mta.stream({ ...STREAM, name: 'INTAKE', subjects: ['intake.main.>'] })
    await mta.stream({ ...STREAM, name: 'JOURNEY', subjects: ['journey.>'], keeps: 'untilOld' })
    const bucket = await ObjectBucket.open(mta, CONTENT)
    await bucket.put('letter', Buffer.from('Dear Tim'))
  })
  after(async () => {
    await Promise.all(open.map((bus) => bus.close()))
    await broker[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true })
  })

  const identityOf = (name: string) => ({
    authority: readFileSync(join(folder, 'authority.pem')),
    certificate: readFileSync(join(folder, `${name}.pem`)),
    key: readFileSync(join(folder, `${name}.key`)),
  })

  async function busOf(agent: string, inbox = `_INBOX.${agent}`): Promise<NatsBus> {
    const identity = identityOf(agent)
    const bus = await NatsBus.open({ servers: broker.servers, name: agent, inbox, identity, patience: 0 })
    open.push(bus)
    return bus
  }

  /** The agent hands over a letter as it does, so that there is something to steal. */
  async function handOver(agent: string): Promise<NatsBus> {
    const bus = await busOf(agent)
    await bus.connection.jetstream().publish('intake.main.mail', 'a letter of somebody')
    await bus.connection.jetstream().publish('journey.events', 'what became of it')
    return bus
  }

  const FORBIDDEN: readonly (readonly [subject: string, question: object])[] = [
    ...['INTAKE', 'CARTERO_CONTENT', 'JOURNEY'].flatMap((stream) => [
      [`$JS.API.STREAM.MSG.GET.${stream}`, { seq: 1 }] as const,
      [`$JS.API.STREAM.MSG.DELETE.${stream}`, { seq: 1 }] as const,
      [`$JS.API.DIRECT.GET.${stream}`, { seq: 1 }] as const,
      [`$JS.API.STREAM.PURGE.${stream}`, {}] as const,
      [`$JS.API.STREAM.DELETE.${stream}`, {}] as const,
      [`$JS.API.STREAM.UPDATE.${stream}`, { name: stream, max_msgs: 1 }] as const,
      [`$JS.API.STREAM.SNAPSHOT.${stream}`, { deliver_subject: '_INBOX.mx.x' }] as const,
      [`$JS.API.CONSUMER.CREATE.${stream}`, consumer(stream)] as const,
      [`$JS.API.CONSUMER.CREATE.${stream}.thief`, consumer(stream, { name: 'thief' })] as const,
      [
        `$JS.API.CONSUMER.DURABLE.CREATE.${stream}.thief`,
        consumer(stream, { durable_name: 'thief' }),
      ] as const,
      [`$JS.API.CONSUMER.MSG.NEXT.${stream}.spool`, { batch: 1, no_wait: true }] as const,
      [`$JS.API.CONSUMER.DELETE.${stream}.spool`, {}] as const,
    ]),
    ['$JS.API.DIRECT.GET.CARTERO_CONTENT.objects.CARTERO_CONTENT.letter.0', {}],
    ['$JS.API.STREAM.CREATE.COPY', { name: 'COPY', sources: [{ name: 'INTAKE' }], storage: 'file' }],
    ['$JS.API.STREAM.NAMES', {}],
    ['$SYS.REQ.SERVER.PING', {}],
  ]

  for (const edge of EDGES)
    test(`of ${edge} hands over mail, and neither reads nor removes nor consumes any`, async () => {
      const bus = await handOver(edge)
      for (const [subject, question] of FORBIDDEN)
        await assert.rejects(
          bus.connection.request(subject, JSON.stringify(question), QUESTION),
          { code: 'PERMISSIONS_VIOLATION' },
          `${edge} may ${subject}`,
        )
      const { streams } = await busManager(mta)
      assert.equal((await streams.info('CARTERO_CONTENT')).state.messages, 1)
    })

  for (const subject of ['_INBOX.>', '_INBOX.mta.>', 'intake.>', 'objects.>', 'journey.>', 'mailbox.*', '>'])
    test(`of mx does not overhear ${subject}`, async () => {
      const { connection } = await busOf('mx')
      let heard: Error | null = null
      connection.subscribe(subject, { callback: (error) => (heard = error) })
      // What the broker says against it comes before its answer to this.
      await connection.flush()
      assert.match(String(heard), /permission/i)
    })

  test('of those who deliver and show mail does not touch what is on its way', async () => {
    for (const agent of ['mda', 'imap', 'directory']) {
      const { connection } = await busOf(agent)
      for (const [subject, question] of FORBIDDEN.filter(([subject]) => subject.includes('INTAKE')))
        await assert.rejects(connection.request(subject, JSON.stringify(question), QUESTION), {
          code: 'PERMISSIONS_VIOLATION',
        })
    }
  })

  test('that is used rightly reads contents, and at the console removes those that nobody wants', async () => {
    for (const agent of ['mta', 'mda', 'imap', 'console']) {
      const bucket = await ObjectBucket.open(await busOf(agent), CONTENT)
      await bucket.put(agent, Buffer.from(agent))
      assert.equal(Buffer.from((await bucket.read(agent, 0, 100))!).toString(), agent)
      assert.equal(await bucket.read('nothing', 0, 100), undefined)
      if (agent === 'console') continue
      await assert.rejects(bucket.delete(agent), /permission/i, agent)
      await assert.rejects(bucket.list(AbortSignal.timeout(5_000)), /permission/i, agent)
    }
    const bucket = await ObjectBucket.open(await busOf('console'), CONTENT)
    const names = async (): Promise<readonly string[]> =>
      (await bucket.list(AbortSignal.timeout(5_000))).map(({ name }) => name).toSorted()
    assert.deepEqual(await names(), ['console', 'imap', 'letter', 'mda', 'mta'])
    for (const name of ['console', 'imap', 'mda', 'mta']) await bucket.delete(name)
    assert.deepEqual(await names(), ['letter'])
  })

  test("for clients (doors) is nobody, and so is a broker's", async () => {
    for (const name of ['doors', 'nats']) await assert.rejects(busOf(name), /authorization/i, name)
  })

  test('of an agent makes nobody a broker of the cluster', async () => {
    assert.match(await toldAsRoute('nats'), /^PONG/m)
    for (const name of ['mx', 'mta', 'console', 'doors'])
      assert.match(await toldAsRoute(name), /-ERR 'Authorization Violation'/, name)
  })

  /** What a broker says to somebody who comes as one of its cluster. */
  async function toldAsRoute(name: string): Promise<string> {
    const { authority, certificate, key } = identityOf(name)
    const port = Number(broker.routes[0]!.split(':')[1])
    const route = connect({ host: 'localhost', port, ca: authority, cert: certificate, key })
    const signal = AbortSignal.timeout(5_000)
    await once(route, 'secureConnect', { signal })
    route.write(
      `CONNECT ${JSON.stringify({ name: 'thief', cluster: 'test', tls_required: true })}\r\nPING\r\n`,
    )
    let told = ''
    route.on('error', () => {})
    route.on('data', (octets: Buffer) => {
      told += octets.toString()
      if (/^(PONG|-ERR)/m.test(told)) route.destroy()
    })
    await once(route, 'close', { signal })
    return told
  }
})

const STREAM = {
  keeps: 'untilTaken',
  whenFull: 'refuse',
  replicas: 1,
  maxOctets: 10_000_000,
  maxMessageOctets: 1024 * 1024,
  duplicateWindow: 60_000,
  isSynced: false,
} as const

function consumer(stream: string, name: object = {}): object {
  return { stream_name: stream, config: { ...name, ack_policy: 'explicit', deliver_policy: 'all' } }
}

function busManager({ connection }: NatsBus) {
  return connection.jetstreamManager({ checkAPI: false })
}
