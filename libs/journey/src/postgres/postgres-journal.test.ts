import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'

import { migrate, Postgres, SqlError, statement } from '@cartero/sql/postgres'
import { POSTGRES_LACKS, PostgresServer } from '@cartero/testkit'
import { ManualClock } from '@cartero/wire'

import { describeJournal } from '../compliance/index.ts'
import type { JourneyEvent } from '../ports.ts'
import {
  JOURNEY_SCHEMA,
  openPostgresJournal,
  type PostgresJournal,
  type PostgresJournalOptions,
} from './index.ts'
import { MOST_EVENT_OCTETS, MOST_HELD_EVENTS, RETENTION_EVERY } from './limits.ts'
import { FIND } from './postgres-journal.ts'
import { retain } from './retention.ts'

const DAY = 86_400_000
const START = Date.UTC(2026, 0, 1)
const signal = AbortSignal.timeout(60_000)

describe('Postgres', { skip: POSTGRES_LACKS }, () => {
  let server: PostgresServer
  let schemas = 0
  const databases: Postgres[] = []
  before(async () => {
    server = await PostgresServer.start()
  })
  after(async () => {
    await Promise.all(databases.map((database) => database.close()))
    await server[Symbol.asyncDispose]()
  })

  function connect(schema: string): Postgres {
    const database = new Postgres({ url: server.url, schema })
    databases.push(database)
    return database
  }

  async function newSchema(): Promise<string> {
    const schema = `journey_${schemas++}`
    await migrate(connect(schema), JOURNEY_SCHEMA)
    return schema
  }

  /** As another process would. */
  const openAt = (schema: string, options: Partial<PostgresJournalOptions> = {}): Promise<PostgresJournal> =>
    openPostgresJournal({ database: connect(schema), clock: new ManualClock(START + DAY), ...options })

  describeJournal('Postgres', async () => openAt(await newSchema()))

  const event = (name: string, fields: JourneyEvent['fields'] = { qid: 'Q' }, at = START): JourneyEvent => ({
    at,
    event: `message.${name}`,
    agent: 'mta',
    fields,
  })

  const namesOf = async (journal: PostgresJournal, key = 'Q'): Promise<string[]> =>
    (await journal.find({ key, limit: 1_000_000 }, signal)).map(({ event: name }) => name)

  async function countsOf(schema: string): Promise<Record<string, number>> {
    const [row] = await connect(schema).rows<Record<string, number>>(
      statement(`SELECT (SELECT count(*) FROM event) AS events, (SELECT count(*) FROM event_key) AS keys,
        (SELECT coalesce(sum(octets), 0)::bigint FROM day) AS octets, (SELECT count(*) FROM day) AS days,
        (SELECT coalesce(sum(octets), 0)::bigint FROM event) AS counted`),
    )
    return row!
  }

  test('keeps once what is brought twice, in whatever portions, by whatever process', async () => {
    const schema = await newSchema()
    const [here, there] = await Promise.all([openAt(schema), openAt(schema)])
    const events = Array.from({ length: 1_200 }, (_, nth) =>
      event(`n${nth}`, { qid: 'Q', to: ['a@b', 'A@b'] }),
    )
    await Promise.all([here.tellAll(events), there.tellAll(events.slice(100, 900))])
    await there.tellAll([events[5]!, events[5]!, ...events])
    assert.equal((await namesOf(here)).length, 1_200)
    const { events: kept, keys, octets, counted } = await countsOf(schema)
    assert.deepEqual([kept, keys], [1_200, 2_400])
    assert.equal(octets, counted)
  })

  test('has what it was told after the server has crashed', async () => {
    const schema = await newSchema()
    const journal = await openAt(schema)
    await journal.tellAll([event('received'), event('delivered')])
    await server.kill()
    await server.resume()
    assert.deepEqual(await namesOf(await openAt(schema)), ['message.received', 'message.delivered'])
  })

  test('drops what JSON cannot hold or is too large, and keeps the rest of the batch', async () => {
    const journal = await openAt(await newSchema())
    const huge = event('huge', { qid: 'Q', reply: 'x'.repeat(MOST_EVENT_OCTETS) })
    await journal.tellAll([event('first'), event('odd', { qid: 'Q', size: 1n }), huge, event('last')])
    assert.deepEqual(await namesOf(journal), ['message.first', 'message.last'])
    assert.equal(journal.dropped, 2)
  })

  test('drops what is too old in portions, with all that it was found by', async () => {
    const schema = await newSchema()
    const journal = await openAt(schema)
    for (const day of [0, 1, 2])
      await journal.tellAll(
        Array.from({ length: 25 }, (_, nth) =>
          event(`d${day}n${nth}`, { qid: 'Q', to: `${nth}@b` }, START + day * DAY),
        ),
      )
    const terms = { oldest: START + 2 * DAY, keepOctets: 1e9, atOnce: 10 }
    assert.equal(await retain(connect(schema), terms, signal), 50)
    const { events, keys, days, octets, counted } = await countsOf(schema)
    assert.deepEqual([events, keys, days], [25, 50, 1])
    assert.equal(octets, counted)
    assert.equal(await retain(connect(schema), terms, signal), 0)
  })

  test('drops the oldest of what is too much, until it is not too much', async () => {
    const schema = await newSchema()
    const journal = await openAt(schema)
    await journal.tellAll(
      Array.from({ length: 300 }, (_, nth) => event(`n${nth}`, { qid: 'Q' }, START + nth)),
    )
    const { octets } = await countsOf(schema)
    await retain(connect(schema), { oldest: 0, keepOctets: octets! / 2, atOnce: 100 }, signal)
    const left = await countsOf(schema)
    assert.ok(
      left['octets']! <= octets! / 2 && left['octets']! > octets! / 4,
      `${left['octets']} of ${octets}`,
    )
    assert.equal((await namesOf(journal)).at(-1), 'message.n299')
  })

  test('is dropped by one process at a time', async () => {
    const schema = await newSchema()
    const journal = await openAt(schema)
    await journal.tellAll(Array.from({ length: 200 }, (_, nth) => event(`n${nth}`)))
    const terms = { oldest: START + 1, keepOctets: 1e9, atOnce: 20 }
    const counts = await Promise.all([1, 2, 3].map(() => retain(connect(schema), terms, signal)))
    const { events } = await countsOf(schema)
    assert.equal(
      counts.reduce((sum, count) => sum + count, events!),
      200,
    )
  })

  test('tells nothing that is older than it may be, and drops it when its time comes', async () => {
    const schema = await newSchema()
    const clock = new ManualClock(START)
    const journal = await openAt(schema, { clock, keepFor: DAY })
    await journal.tellAll([event('old')])
    assert.deepEqual(await namesOf(journal), ['message.old'])
    clock.advance(DAY + 1)
    assert.deepEqual(await namesOf(journal), [])
    clock.advance(RETENTION_EVERY)
    let left = 1
    for (let patience = 0; patience < 1_000 && left > 0; patience++)
      left = (await countsOf(schema))['events']!
    assert.equal(left, 0)
    await journal.close()
  })

  test('holds what it is told while the server is away, and no more than it may', async () => {
    const schema = await newSchema()
    const troubles: unknown[] = []
    const journal = await openAt(schema, { trouble: (error) => troubles.push(error) })
    await server.halt()
    for (let nth = 0; nth < MOST_HELD_EVENTS + 5; nth++) journal.tell(event(`n${nth}`))
    await assert.rejects(journal.find({ key: 'Q', limit: 1 }, signal), SqlError)
    await assert.rejects(journal.tellAll([event('brought')]), SqlError)
    await server.resume()
    assert.equal((await namesOf(journal)).length, MOST_HELD_EVENTS)
    assert.equal(journal.dropped, 5)
    assert.equal(troubles.length, 1)
  })

  test('is found by an index, however many there are', async () => {
    const schema = await newSchema()
    const journal = await openAt(schema)
    await journal.tellAll(
      Array.from({ length: 3_000 }, (_, nth) => event(`n${nth}`, { qid: `Q${nth}`, to: 'all@example.org' })),
    )
    const database = connect(schema)
    await database.run({ name: '', text: 'ANALYZE' })
    const plan = await database.rows(statement(`EXPLAIN ${FIND.text}`), [1, 0, 10])
    const steps = plan.map((row) => Object.values(row).join('')).join('\n')
    assert.match(steps, /Index.* Scan.* using event_key_pkey/)
    assert.doesNotMatch(steps, /Seq Scan/)
  })
})
