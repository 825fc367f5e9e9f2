import assert from 'node:assert/strict'
import { after, afterEach, before, describe, test } from 'node:test'

import { POSTGRES_LACKS, PostgresDoor, PostgresServer } from '@cartero/testkit'

import { Postgres, SqlError, statement, type PostgresOptions, type SqlFault } from './index.ts'

const ONE = statement('SELECT 1 AS one')
const SLEEP = statement('SELECT pg_sleep($1)')
const ADD = statement('INSERT INTO note (id, text) VALUES ($1, $2)')
const COUNT = statement('SELECT count(*) AS notes FROM note')
const script = (text: string) => ({ name: '', text })

const faultIs =
  (fault: SqlFault, words = /^postgres: /) =>
  (error: unknown): boolean =>
    error instanceof SqlError && error.fault === fault && words.test(error.message)

describe('a Postgres', { skip: POSTGRES_LACKS }, () => {
  let server: PostgresServer
  const opened: Postgres[] = []
  before(async () => {
    server = await PostgresServer.start()
  })
  after(() => server[Symbol.asyncDispose]())
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((database) => database.close()))
  })

  function open(options: Partial<PostgresOptions> = {}): Postgres {
    const database = new Postgres({ url: server.url, schema: 'public', ...options })
    opened.push(database)
    return database
  }

  async function withNotes(options: Partial<PostgresOptions> = {}): Promise<Postgres> {
    const database = open(options)
    await open().run(script('DROP TABLE IF EXISTS note; CREATE TABLE note (id int PRIMARY KEY, text text)'))
    return database
  }

  const notesIn = async (database: Postgres): Promise<number> =>
    (await database.rows<{ notes: number }>(COUNT))[0]!.notes

  test('undoes all of a transaction that fails, and keeps its connection', async () => {
    const database = await withNotes({ connections: 1 })
    const failing = database.transaction(async (queries) => {
      await queries.run(ADD, [1, 'one'])
      await queries.run(ADD, [1, 'again'])
    })
    await assert.rejects(failing, faultIs('constraint', /duplicate key/))
    await assert.rejects(
      database.transaction((queries) =>
        Promise.all([queries.run(ADD, [2, '']), Promise.reject(Error('own'))]),
      ),
      /own/,
    )
    assert.equal(await notesIn(database), 0)
  })

  test('does not take for committed what failed on the way', async () => {
    const database = await withNotes()
    const careless = database.transaction(async (queries) => {
      await queries.run(ADD, [1, 'one'])
      await queries.run(ADD, [1, 'again']).catch(() => undefined)
    })
    await assert.rejects(careless, faultIs('bug', /committed all the same/))
    assert.equal(await notesIn(database), 0)
  })

  test('makes a transaction again that met another one', async () => {
    const database = await withNotes()
    await database.run(ADD, [1, '0'])
    const add = () =>
      database.transaction(
        async (queries) => {
          const [row] = await queries.rows<{ text: string }>(statement('SELECT text FROM note WHERE id = 1'))
          await queries.run(statement('UPDATE note SET text = $1 WHERE id = 1'), [`${Number(row!.text) + 1}`])
        },
        { isolation: 'serializable' },
      )
    await Promise.all([add(), add(), add()])
    const [row] = await database.rows<{ text: string }>(statement('SELECT text FROM note'))
    assert.equal(row?.text, '3')
  })

  test('gives up a statement that takes too long, and goes on', async () => {
    const database = open({ connections: 1, limits: { statement: 300 } })
    await assert.rejects(database.rows(SLEEP, [30]), faultIs('busy', /statement timeout/))
    assert.deepEqual(await database.rows(ONE), [{ one: 1 }])
  })

  test('tells who waits too long for a connection, and bounds how many wait', async () => {
    const database = open({ connections: 1, limits: { patience: 1_000, waiting: 2 } })
    const taken = Promise.withResolvers<void>()
    const enough = Promise.withResolvers<void>()
    const long = database.transaction(async () => {
      taken.resolve()
      await enough.promise
    })
    await taken.promise
    const outcomes = await Promise.allSettled([1, 2, 3].map(() => database.rows(ONE)))
    const words = outcomes.map((outcome) => {
      const reason = outcome.status === 'rejected' ? (outcome.reason as SqlError) : undefined
      return `${reason?.fault} ${reason?.message}`
    })
    assert.match(words[2]!, /busy .*2 wait for a connection already/)
    for (const text of words.slice(0, 2)) assert.match(text, /busy .*no connection was free for 1000 ms/)
    enough.resolve()
    await long
  })

  test('is whole again after the server was restarted, while idle and in the middle of a transaction', async () => {
    const database = await withNotes()
    const held = database.transaction(async (queries) => {
      await queries.run(ADD, [1, 'one'])
      if (restarts++ > 0) return
      await server.halt()
      await server.resume()
      await queries.run(ADD, [2, 'two'])
    })
    let restarts = 0
    await held
    assert.equal(await notesIn(database), 1, 'made once, and as a whole')
    assert.equal(restarts, 2)
    await server.kill()
    await assert.rejects(database.rows(ONE), faultIs('busy'))
    await server.resume()
    assert.equal(await notesIn(database), 1)
  })

  test('says that nobody knows, when the connection breaks at a commit, and does not do it twice', async () => {
    await using door = await PostgresDoor.before(server)
    const database = await withNotes({ url: door.url })
    let times = 0
    const doubtful = database.transaction(async (queries) => {
      times++
      await queries.run(ADD, [times, 'doubtful'])
      door.pause('answers')
      setTimeout(() => door.cut(), 100)
    })
    await assert.rejects(doubtful, faultIs('busy', /at a commit, which may have been made/))
    door.resume()
    assert.equal(times, 1)
    assert.equal(await notesIn(open()), 1, 'it was made indeed')
  })

  test('does not wait for ever for a server that is silent: to connect, to ask, to close', async () => {
    await using door = await PostgresDoor.before(server)
    const database = open({ url: door.url, limits: { connect: 500, statement: 500, close: 50 } })
    await database.rows(ONE)
    door.pause()
    await assert.rejects(database.rows(ONE), faultIs('busy', /timeout/))
    await assert.rejects(database.rows(ONE), faultIs('busy', /timeout|terminated/))
    door.resume()
    await database.rows(ONE)
    const asked = assert.rejects(database.rows(SLEEP, [0.4]), faultIs('busy'))
    door.pause()
    await database.close()
    await asked
    await assert.rejects(database.rows(ONE), faultIs('busy', /closed/))
  })

  test('is told to be busy by a server that is slow, and works again when it is not', async () => {
    await using door = await PostgresDoor.before(server)
    const database = open({ url: door.url, limits: { connect: 1_000 } })
    door.delay(800)
    await assert.rejects(database.rows(ONE), faultIs('busy', /timeout/))
    door.delay(0)
    await database.rows(ONE)
  })

  test('refuses a server that refuses, at once', async () => {
    await using door = await PostgresDoor.before(server)
    const database = open({ url: door.url })
    await database.rows(ONE)
    door.refuse()
    door.cut()
    await assert.rejects(database.rows(ONE), faultIs('busy'))
    door.refuse(false)
    await database.rows(ONE)
  })

  test('tells a database that only reads as busy', async () => {
    await open().run(script('CREATE DATABASE reader'))
    await open().run(script('ALTER DATABASE reader SET default_transaction_read_only = on'))
    const reading = open({ url: server.url.replace('/postgres?', '/reader?') })
    await assert.rejects(reading.run(script('CREATE TABLE note ()')), faultIs('busy', /read-only/))
    await assert.rejects(
      reading.transaction((queries) => queries.run(script('CREATE TABLE note ()'))),
      faultIs('busy', /read-only/),
    )
  })

  test('takes the host that writes, passes by one that is gone or only reads, and finds it after a failover', async () => {
    await using other = await PostgresServer.start({
      tcp: true,
      settings: { default_transaction_read_only: 'on' },
    })
    await using door = await PostgresDoor.before(server)
    const place = (url: string): string => new URL(url).host
    const url = `postgres://cartero@127.0.0.1:1,${place(other.url)},${place(door.url)}/postgres`
    const database = open({ url })
    await database.rows(ONE)
    assert.equal(door.connections, 1)
    door.refuse()
    door.cut()
    // Whoever asks first may be the one who finds out.
    await assert.rejects(database.rows(ONE), faultIs('busy'))
    await assert.rejects(database.rows(ONE), faultIs('busy', /no host can be used .*it only reads/s))
    await open({ url: other.url }).transaction(async (queries) => {
      await queries.run(script('SET TRANSACTION READ WRITE'))
      await queries.run(script('ALTER DATABASE postgres SET default_transaction_read_only = off'))
    })
    await database.rows(ONE)
  })

  test('lets a program go on whose statements are older than the schema', async () => {
    const database = await withNotes({ connections: 1 })
    const all = statement('SELECT * FROM note')
    await database.rows(all)
    await open().run(script('ALTER TABLE note ADD COLUMN more text'))
    assert.deepEqual(await database.rows(all), [])
    await open().run(script('ALTER TABLE note ADD COLUMN most text'))
    assert.deepEqual(await database.transaction((queries) => queries.rows(all)), [])
  })

  test('names nobody’s secrets: not the rows that an error quotes, not the password', async () => {
    const database = open({ url: server.url.replace('cartero@', 'cartero:hunter2@') })
    await database.run(script('DROP TABLE IF EXISTS kept; CREATE TABLE kept (secret text, n int NOT NULL)'))
    await assert.rejects(
      database.run(statement('INSERT INTO kept VALUES ($1, NULL)'), ['opensesame']),
      (error: SqlError) => {
        const told = JSON.stringify([
          error,
          error.cause,
          error.message,
          Object.entries(error.cause as object),
        ])
        return error.fault === 'constraint' && !/opensesame|hunter2/.test(told)
      },
    )
  })

  test('plans a statement once in a transaction that says so, and is as before after it', async () => {
    const database = open({ connections: 1 })
    const mode = statement(`SELECT current_setting('plan_cache_mode') AS mode`)
    const inside = await database.transaction((queries) => queries.rows(mode), {
      isPlannedOnce: true,
      isReadOnly: true,
      isolation: 'repeatable read',
    })
    assert.deepEqual(
      [inside, await database.rows(mode)],
      [[{ mode: 'force_generic_plan' }], [{ mode: 'auto' }]],
    )
  })

  test('carries octets, large numbers and lists', async () => {
    const [row] = await open().rows(
      statement('SELECT $1::bytea AS octets, $2::int8 AS large, $3::text[] AS list'),
      [Buffer.from([0, 255]), Number.MAX_SAFE_INTEGER, ['a', '', 'c"\\,']],
    )
    assert.deepEqual(row, {
      octets: Buffer.from([0, 255]),
      large: Number.MAX_SAFE_INTEGER,
      list: ['a', '', 'c"\\,'],
    })
  })

  test('is not opened for a schema that would be SQL', () => {
    for (const schema of ['', 'a"b', 'A', 'a;b', 'a b', 'pg_x', '1a', 'a'.repeat(64), "a'b", 'a,b', 'a -c x'])
      assert.throws(() => open({ schema }), faultIs('io', /cannot be called/), schema)
  })
})
