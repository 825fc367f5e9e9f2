// All mail from the files of one process to services and back, by real processes over real servers.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'

import { NatsBus } from '@cartero/bus/nats'
import { JetStreamIntake } from '@cartero/spool/jetstream'
import { Postgres, statement } from '@cartero/sql/postgres'
import { NatsServers, PostgresServer } from '@cartero/testkit'

import { APART_LACKS } from '@cartero/testkit/apart'
import { cartero, MAIN, type Answer } from './cartero-command.ts'
import { ANN, BEN, furnish, letterOf, PASSWORD, SHARED } from './furnished-house.ts'
import {
  embeddedHouse,
  envelopeFor,
  portraitOf,
  servicesHouse,
  type House,
  type Portrait,
  type Services,
} from './stored-house.ts'

interface Report {
  readonly isSame: boolean
  readonly contents: number
  readonly compared: readonly {
    readonly store: string
    readonly kind: string
    readonly source: number
    readonly isSame: boolean
  }[]
}

describe('migrate-store', { skip: APART_LACKS }, () => {
  let folder: string
  let postgres: PostgresServer
  let nats: NatsServers
  let shared: string
  let original: Portrait

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'cartero-migrate-'))
    ;[postgres, nats] = await Promise.all([PostgresServer.start(), NatsServers.start()])
    shared = await furnish(join(folder, 'source'))
    await using house = await embeddedHouse(join(folder, 'source'))
    original = await portraitOf(house)
  })
  after(async () => {
    await Promise.all([postgres[Symbol.asyncDispose](), nats[Symbol.asyncDispose]()])
    rmSync(folder, { recursive: true, force: true })
  })

  /** A source of its own, and services: a database, a bucket, and a configuration that names all of them. */
  async function services(name: string): Promise<{ readonly config: string; readonly at: Services }> {
    const data = join(folder, name)
    cpSync(join(folder, 'source'), data, { recursive: true })
    const admin = new Postgres({ url: postgres.url, schema: 'public' })
    await admin.run(statement(`CREATE DATABASE ${name}`))
    await admin.close()
    const url = postgres.url.replace('/postgres?', `/${name}?`)
    const config = join(folder, `${name}.yaml`)
    writeFileSync(
      config,
      `hostname: mail.cartero.test
data: ${data}
services:
  nats: { servers: [${nats.servers.join(', ')}], monitor: [${nats.monitors.join(', ')}], replicas: 1 }
  postgres: { url: '${url}' }
  content: { bucket: ${name} }
`,
    )
    await ended(['migrate', '--config', config])
    const key = join(data, 'directory.key')
    return { config, at: { postgres: url, nats: nats.servers, bucket: name.toUpperCase(), key } }
  }

  async function ended(words: readonly string[], code = 0): Promise<Answer> {
    const answer = await cartero(words)
    assert.equal(answer.code, code, `${words.join(' ')}\n${answer.out}${answer.err}`)
    return answer
  }

  const migrated = async (words: readonly string[], code = 0): Promise<Report> =>
    JSON.parse((await ended(['migrate-store', ...words, '--json'], code)).out) as Report

  /** Everybody logs in, and what comes next has the next numbers. */
  async function works(house: House): Promise<void> {
    for (const login of [ANN, BEN])
      assert.equal((await house.directory.Authenticate({ login, password: PASSWORD })).account, login)
    const { id, messages, uidNext } = (await house.mailStore.mailbox(BEN, 'INBOX'))!
    const known = letterOf(BEN, SHARED, shared as never, 9_002)
    const { content } = (await house.mailStore.fetch(id, [uidNext - 1]))[0]!
    const [again, fresh] = await house.mailStore.append([
      { ...known, content },
      { ...known, content, idempotencyKey: 'new' },
    ])
    assert.equal(again?.kind, 'duplicate')
    assert.ok(fresh?.kind === 'appended' && fresh.uid === uidNext)
    assert.equal((await house.mailStore.mailbox(BEN, 'INBOX'))?.messages, messages + 1)
  }

  test('what goes to services and back is what it was, for its users and its operator', async () => {
    const { config, at } = await services('roundtrip')
    const there = await migrated(['to-services', '--config', config])
    assert.ok(there.isSame)
    const kinds = new Map(there.compared.map(({ store, kind, source }) => [`${store}.${kind}`, source]))
    assert.equal(kinds.get('spool.message'), 7)
    // Two mailboxes and seven messages of the queue have one content; the others have their own.
    assert.equal(there.contents, 1_102 - 2 + 6)
    assert.equal(kinds.get('journey.event'), 300)
    {
      await using house = await servicesHouse(at)
      assert.deepEqual(await portraitOf(house), original)
      assert.ok((await migrated(['to-services', '--verify-only', '--config', config])).isSame)
    }
    const back = join(folder, 'back')
    assert.ok((await migrated(['to-embedded', '--config', config, '--data', back])).isSame)
    {
      // Its key does not travel.
      await using house = await embeddedHouse(back)
      assert.deepEqual(await portraitOf(house), original)
      await works(house)
    }
    await using house = await servicesHouse(at)
    await works(house)
  })

  test('killed at any place, it goes on where it was and ends with the same', async () => {
    const { config, at } = await services('killed')
    const words = ['migrate-store', 'to-services', '--config', config]
    for (const place of [
      'copying spool.content',
      'copying mailstore.record',
      'copying spool.message',
      'comparing mailstore.message',
    ])
      await killedAt(words, place)
    // Whoever would use what is not whole is told so.
    await assert.rejects(servicesHouse(at), /not whole.*migrate-store/)
    const { isSame, contents } = await migrated(words.slice(1))
    assert.ok(isSame)
    {
      await using house = await servicesHouse(at)
      assert.deepEqual(await portraitOf(house), original)
      assert.equal(await contentsOf(house), contents, 'each content is there once, whoever was killed')
    }
    const back = join(folder, 'back-killed')
    const backWords = ['migrate-store', 'to-embedded', '--config', config, '--data', back]
    for (const place of ['copying mailstore.mailbox', 'copying journey.event', 'comparing spool.message'])
      await killedAt(backWords, place)
    assert.match((await ended(['serve', '--data', back], 1)).err, /not whole/)
    assert.ok((await migrated(backWords.slice(1))).isSame)
    await using house = await embeddedHouse(back)
    assert.deepEqual(await portraitOf(house), original)
    await works(house)
  })

  test('a target in which something is, or a source that is in use, is left alone', async () => {
    const { config, at } = await services('taken')
    const { url, schema } = { url: at.postgres, schema: 'directory' }
    await using closing = new AsyncDisposableStack()
    const agent = closing.adopt(new Postgres({ url, schema, name: 'cartero mta host 1' }), (each) =>
      each.close(),
    )
    await agent.rows(statement('SELECT 1'))
    const told = async (words: readonly string[]): Promise<string> =>
      (await ended(['migrate-store', ...words, '--config', config], 1)).err
    assert.match(await told(['to-services']), /these still run: mta host 1\n +fix: end all agents/)
    await agent.close()
    // It has asked the databases nothing for long, and is there all the same.
    const bus = await NatsBus.open({ servers: nats.servers, name: 'cartero imap host 2' })
    assert.match(await told(['to-services']), /these still run: imap host 2/)
    await bus.close()
    {
      await using house = await servicesHouse(at)
      await house.directory.AddDomain({ domain: { name: 'other.test', catchAll: '', postmaster: '' } })
    }
    assert.match(await told(['to-services']), /the directory in Postgres is not empty/)
    assert.match(
      await told(['to-embedded', '--data', join(folder, 'source')]),
      /is not empty: there are stores in it/,
    )
    {
      // Accepted at an edge, and not in the spool yet.
      await using house = await servicesHouse(at)
      const edge = await NatsBus.open({ servers: nats.servers, name: 'edge' })
      const intake = await JetStreamIntake.open({ bus: edge, content: house.content, replicas: 1 })
      const draft = intake.begin(envelopeFor([ANN]))
      await draft.write(Buffer.from(SHARED))
      await draft.commit(Buffer.alloc(0))
      await intake.close()
      await edge.close()
    }
    const back = ['to-embedded', '--data', join(folder, 'back-taken')]
    assert.match(await told(back), /messages that were accepted wait in the broker \(1\)/)
    await using house = await embeddedHouse(join(folder, 'source'))
    assert.deepEqual(await portraitOf(house), original)
  })

  test('a source that was used after it was begun to be carried is found out', async () => {
    const { config } = await services('changed')
    const words = ['to-services', '--config', config]
    await killedAt(['migrate-store', ...words], 'copying spool.message')
    {
      await using house = await embeddedHouse(join(folder, 'changed'))
      const { id } = (await house.mailStore.mailbox(ANN, 'INBOX'))!
      await house.mailStore.changeFlags(id, [1], 'add', ['$Changed'])
    }
    const { isSame, compared } = await migrated(words, 1)
    assert.equal(isSame, false)
    const different = compared.filter((each) => !each.isSame).map(({ kind }) => kind)
    assert.deepEqual(different, ['mailbox', 'message'])
  })

  /** Starts it and kills it as soon as it tells of a place. */
  async function killedAt(words: readonly string[], place: string): Promise<void> {
    const child = spawn(process.execPath, [MAIN, ...words], { stdio: ['ignore', 'ignore', 'pipe'] })
    let told = ''
    child.stderr.on('data', (octets: Buffer) => {
      told += octets.toString()
      if (told.includes(place)) child.kill('SIGKILL')
    })
    await once(child, 'exit')
    assert.equal(child.signalCode, 'SIGKILL', `it was not killed at ${place}:\n${told}`)
  }
})

/** Contents that somebody refers to. */
async function contentsOf({ mailStore, spool }: House): Promise<number> {
  return new Set([...(await mailStore.referenced('')), ...(await spool.referenced(''))]).size
}
