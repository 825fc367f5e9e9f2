// Two thousand letters go out to Postfix's smtp-sink while it refuses: each arrives, and none of them twice. What is refused for good is
// told of, once.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { parseDeliveryReport } from '@cartero/message'
import { lacks, PeerProcess } from '@cartero/testkit'
import { letter, send } from './our-client.ts'
import { foundIn } from './inbox.ts'
import { until, untilGreeted } from './peer.ts'
import { System } from './system.ts'
import { World, WORLD_LACKS } from './world.ts'

const LETTERS = 2_000
const REFUSED = 200
const SESSIONS = 10
/** Who takes mail all the time, who takes none at first, and who breaks off at first. */
const SINKS = [
  { name: 'good', trouble: [] },
  { name: 'soft', trouble: ['-r', 'RCPT'] },
  { name: 'leaving', trouble: ['-Q', 'DATA'] },
] as const

const sinkOf = (i: number): string => SINKS[i % SINKS.length]!.name

const closing = new AsyncDisposableStack()
const world = new World()
let system: System

/** Those that are named in what it was given, in no order, as often as they came. */
class Sink implements AsyncDisposable {
  readonly name: string
  readonly #address: string
  readonly #dump: string
  #process: PeerProcess | undefined

  constructor(name: string, address: string) {
    this.name = name
    this.#address = address
    this.#dump = join(world.folder, `sink-${name}`)
  }

  async start(trouble: readonly string[]): Promise<void> {
    await this[Symbol.asyncDispose]()
    const words = ['-u', 'root', '-D', this.#dump, ...trouble, `${this.#address}:25`, '1024']
    const started = new PeerProcess('smtp-sink', words)
    this.#process = started
    await untilGreeted({ address: this.#address, port: 25 }, () => started.said, started)
  }

  get taken(): readonly string[] {
    try {
      return [...readFileSync(this.#dump, 'latin1').matchAll(/^X-Letter: (\S+)/gm)].map(([, id]) => id!)
    } catch {
      return []
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process?.[Symbol.asyncDispose]()
  }
}

describe(
  'a next host that refuses',
  { skip: WORLD_LACKS || lacks('smtp-sink', 'postfix'), timeout: 90_000 },
  () => {
    const sinks = SINKS.map(({ name }, i) => new Sink(name, world.address(41 + i)))

    before(async () => {
      closing.use(world)
      const hosts = SINKS.map(
        ({ name }, i) => `${name} MX 10 mx.${name}\nmx.${name} A ${world.address(41 + i)}\n`,
      )
      const hard = `hard MX 10 mx.hard\nmx.hard A ${world.address(44)}\n`
      await world.serve({ zones: { 'sink.test': hosts.join('') + hard } })
      for (const [i, sink] of sinks.entries()) {
        closing.use(sink)
        await sink.start(SINKS[i]!.trouble)
      }
      system = closing.use(
        await System.start(world, {
          address: world.address(21),
          domain: 'our.test',
          identity: world.authority.issue({ names: ['mx.our.test'] }),
          accounts: ['sender'],
          config: { smtp: { relayNetworks: [world.address(9)] } },
        }),
      )
    })
    after(() => closing.disposeAsync())

    const handIn = async (ids: readonly string[], nameOf = sinkOf): Promise<void> => {
      const letters = ids.map((id, i) =>
        letter({
          from: 'sender@our.test',
          to: [`${id}@${nameOf(i)}.sink.test`],
          content: Buffer.from(`X-Letter: ${id}\r\nSubject: one of many\r\n\r\n${'x'.repeat(70)}\r\n`),
        }),
      )
      const options = { host: system.host, localAddress: world.address(9), ahead: true }
      const { outcomes } = await send(25, letters, options)
      assert.ok(outcomes.flat().every(({ kind }) => kind === 'delivered'))
    }

    test('has each letter once, as soon as it takes mail again', async () => {
      const ids = Array.from({ length: LETTERS }, (_, i) => `letter-${i}`)
      const share = LETTERS / SESSIONS
      await Promise.all(
        Array.from({ length: SESSIONS }, (_, i) => handIn(ids.slice(i * share, (i + 1) * share))),
      )
      const wanted = (sink: number): number =>
        ids.filter((_, i) => (i % share) % SINKS.length === sink).length
      const told = (): string => system.output.slice(-3_000)
      await until(
        'all that is for the good one',
        async () => sinks[0]!.taken.length >= wanted(0) || undefined,
        told,
      )
      assert.match(await system.run('queue', 'shape', '-o', 'json'), /soft\.sink\.test/)
      for (const sink of sinks) await sink.start([])
      const all = (): readonly string[] => sinks.flatMap((sink) => sink.taken)
      await until(
        'an empty queue',
        async () => {
          await system.run('queue', 'retry', '--domain', 'soft.sink.test')
          await system.run('queue', 'retry', '--domain', 'leaving.sink.test')
          return new Set(all()).size >= LETTERS || undefined
        },
        () => `${new Set(all()).size} of ${LETTERS}\n${told()}`,
        30_000,
      )
      const sorted = all().toSorted((a, b) => a.localeCompare(b))
      assert.deepEqual(
        sorted,
        ids.toSorted((a, b) => a.localeCompare(b)),
      )
    })

    test('that refuses for good is told of to the sender, once for each', async () => {
      await using hard = new Sink('hard', world.address(44))
      await hard.start(['-f', 'RCPT'])
      const ids = Array.from({ length: REFUSED }, (_, i) => `refused-${i}`)
      await handIn(ids, () => 'hard')
      const isReport = (message: Buffer): boolean => parseDeliveryReport(message) !== undefined
      const found = await foundIn(system, 'sender', `${REFUSED} reports`, isReport, REFUSED)
      const about = found.flatMap((message) => parseDeliveryReport(message)!.recipients)
      assert.deepEqual(
        about.map(({ finalRecipient, status }) => `${finalRecipient} ${status}`).toSorted(),
        ids.map((id) => `rfc822;${id}@hard.sink.test 5.3.0`).toSorted(),
      )
      const isEmpty = async (): Promise<true | undefined> =>
        (await system.run('mailq')) === 'Mail queue is empty\n' || undefined
      await until('an empty queue', isEmpty, () => system.output.slice(-3_000))
    })
  },
)
