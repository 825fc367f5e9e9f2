import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { LocalNews } from '@cartero/bus/memory'
import {
  migrate,
  Postgres,
  type PostgresOptions,
  type Queries,
  SqlError,
  type TransactionOptions,
} from '@cartero/sql/postgres'
import { POSTGRES_LACKS, PostgresDoor, PostgresServer } from '@cartero/testkit'
import { ManualClock } from '@cartero/wire'
import { account, addAccount, alias, domain, login } from '../compliance/house.ts'
import { describeDirectory } from '../compliance/index.ts'
import type { Directory, DirectoryOptions } from '../directory.ts'
import type { DirectoryError } from '../directory-error.ts'
import { RESOLUTION_TTL_MS } from '../resolution-cache.ts'
import { DIRECTORY_SCHEMA, openPostgresDirectory, type PostgresDirectoryOptions } from './index.ts'
import { READ_BY_KEY } from './reads.ts'

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

  function connect(schema: string, options: Partial<PostgresOptions> = {}): Postgres {
    const database = new Postgres({ url: server.url, schema, ...options })
    databases.push(database)
    return database
  }

  async function newSchema(): Promise<string> {
    const schema = `directory_${schemas++}`
    await migrate(connect(schema), DIRECTORY_SCHEMA)
    return schema
  }

  /** As another process would. */
  const openAt = (
    schema: string,
    options: Omit<PostgresDirectoryOptions, 'database'> = {},
  ): Promise<Directory> => openPostgresDirectory({ database: connect(schema), ...options })

  const openNew = async (options?: DirectoryOptions): Promise<Directory> => openAt(await newSchema(), options)

  describeDirectory('in Postgres', openNew)

  const faultIs = (fault: string) => (error: DirectoryError) => error.fault === fault

  test('is the same after a crash of the server, and passwords are right', async () => {
    const schema = await newSchema()
    const first = await openAt(schema)
    await first.AddDomain(domain('example.org', { postmaster: 'tim@example.org' }))
    await addAccount(first, 'tim@example.org')
    await first.SetAccount(account('tim@example.org', { quota: 2n ** 62n }))
    await first.SetAlias(alias('info@example.org', 'tim@example.org'))
    const collection = { account: 'tim@example.org', quota: 2n ** 60n, keepSeconds: 86_400n, contact: '' }
    await first.AddDomain(domain('home.test', { collection }))
    const expected = await everything(first)
    await server.kill()
    await server.resume()
    const second = await openAt(schema)
    assert.deepEqual(await everything(second), expected)
    assert.equal(await login(second, 'tim@example.org', 'secret'), 'tim@example.org')
  })

  test('lets one of several processes add an address, and none half of it', async () => {
    const schema = await newSchema()
    const processes = await Promise.all(Array.from({ length: 4 }, () => openAt(schema)))
    await processes[0]!.AddDomain(domain('example.org'))
    const outcomes = await Promise.allSettled([
      ...processes.map((directory) => addAccount(directory, 'tim@example.org')),
      ...processes.map((directory) => directory.SetAlias(alias('tim@example.org', 'out@elsewhere.test'))),
    ])
    const { accounts } = await processes[0]!.ListAccounts({ domain: '' })
    const { aliases } = await processes[0]!.ListAliases({ domain: '' })
    assert.equal(accounts.length + aliases.length, 1, 'an address is an account or an alias')
    for (const outcome of outcomes)
      if (outcome.status === 'rejected') assert.ok(faultIs('exists')(outcome.reason as DirectoryError))
  })

  test('never lets a domain go that another process is just leading mail to', async () => {
    const schema = await newSchema()
    await using door = await PostgresDoor.before(server)
    const slow = await openPostgresDirectory({ database: connect(schema, { url: door.url }) })
    const fast = await openAt(schema)
    await fast.AddDomain(domain('example.org'))
    door.delay(5)
    const outcomes = new Set<string>()
    for (let round = 0; round < 12; round++) {
      await fast.AddDomain(domain('brief.test'))
      const leading = slow.SetDomain(domain('example.org', { catchAll: 'a@brief.test' }))
      for (let step = 0; step < round; step++) await fast.ListDomains({})
      const [led, removed] = await Promise.allSettled([leading, fast.RemoveDomain({ name: 'brief.test' })])
      outcomes.add(`${led.status} ${removed.status}`)
      if (removed.status === 'rejected') {
        await fast.SetDomain(domain('example.org'))
        await fast.RemoveDomain({ name: 'brief.test' })
      }
    }
    for (const outcome of outcomes)
      assert.match(outcome, /rejected/, 'one of them was told that it cannot be')
  })

  test('loses no change of one process by a change of another', async () => {
    const schema = await newSchema()
    const processes = await Promise.all(Array.from({ length: 3 }, () => openAt(schema)))
    await processes[0]!.AddDomain(domain('example.org'))
    const names = Array.from({ length: 30 }, (_, nth) => `a${nth}@example.org`)
    await Promise.all(
      names.map((name, nth) => processes[nth % 3]!.SetAlias(alias(name, 'out@elsewhere.test'))),
    )
    const { aliases } = await processes[0]!.ListAliases({ domain: 'example.org' })
    assert.deepEqual(aliases.map(({ address }) => address).toSorted(), names.toSorted())
  })

  test('never bounces mail for an alias that is led elsewhere meanwhile', async () => {
    const schema = await newSchema()
    const clock = new ManualClock()
    await using door = await PostgresDoor.before(server)
    const here = await openPostgresDirectory({ database: connect(schema, { url: door.url }), clock })
    const there = await openAt(schema)
    door.delay(15)
    await there.AddDomain(domain('example.org'))
    await there.SetAlias(alias('a@example.org', 'out@elsewhere.test'))
    await there.SetAlias(alias('info@example.org', 'a@example.org'))
    const over = new AbortController()
    const changing = (async () => {
      for (let round = 0; round < 60; round++) {
        const [next, last] = round % 2 === 0 ? ['b', 'a'] : ['a', 'b']
        await there.SetAlias(alias(`${next}@example.org`, 'out@elsewhere.test'))
        await there.SetAlias(alias('info@example.org', `${next}@example.org`))
        await there.RemoveAlias({ address: `${last}@example.org` })
      }
      over.abort()
    })()
    const verdicts = new Set<number>()
    while (!over.signal.aborted) {
      clock.advance(RESOLUTION_TTL_MS)
      const { resolutions } = await here.Resolve({ addresses: ['info@example.org'] })
      verdicts.add(resolutions[0]!.verdict)
    }
    await changing
    assert.deepEqual([...verdicts], [1], 'accepted each time')
  })

  test('tells other processes at once what was written, and what password is not right any more', async () => {
    const schema = await newSchema()
    const news = new LocalNews()
    const [here, there] = await Promise.all([openAt(schema, { news }), openAt(schema, { news })])
    await here.AddDomain(domain('example.org'))
    await addAccount(here, 'tim@example.org')
    assert.equal(await login(there, 'tim@example.org', 'secret'), 'tim@example.org')
    await there.Resolve({ addresses: ['info@example.org'] })
    assert.notEqual(there.resolveNow('info@example.org'), undefined)
    await here.SetAlias(alias('info@example.org', 'tim@example.org'))
    await here.SetPassword({ address: 'tim@example.org', password: 'another one' })
    assert.equal(there.resolveNow('info@example.org'), undefined)
    assert.equal(await login(there, 'tim@example.org', 'secret'), '')
    await Promise.all([here.close(), there.close()])
    news.tell('directory.changed')
  })

  test('notices after a while what another process wrote when the news of it are lost', async () => {
    const schema = await newSchema()
    const clock = new ManualClock()
    const [here, there] = await Promise.all([openAt(schema, { clock }), openAt(schema)])
    await here.Resolve({ addresses: ['postmaster@example.org'] })
    await there.AddDomain(domain('example.org'))
    assert.equal(here.resolveNow('postmaster@example.org')?.verdict, 3)
    clock.advance(RESOLUTION_TTL_MS)
    assert.equal(here.resolveNow('postmaster@example.org'), undefined)
  })

  test('asks a few times for a hundred recipients, not for each', async () => {
    const schema = await newSchema()
    const directory = await openAt(schema)
    await directory.AddDomain(domain('example.org', { catchAll: 'all@example.org' }))
    await directory.SetAlias(alias('all@example.org', 'out@elsewhere.test'))
    await directory.SetAlias(alias('list@example.org', 'all@example.org', 'more@elsewhere.test'))
    const database = new CountingPostgres({ url: server.url, schema })
    databases.push(database)
    const counting = await openPostgresDirectory({ database })
    const addresses = Array.from(
      { length: 100 },
      (_, nth) => `${nth % 3 === 0 ? 'list+' : 'u'}${nth}@example.org`,
    )
    const { resolutions } = await counting.Resolve({ addresses })
    assert.ok(resolutions.every(({ verdict }) => verdict === 1))
    assert.ok(database.statements <= 4, `${database.statements} statements`)
    database.statements = 0
    await Promise.all(
      addresses.map((address) => counting.Resolve({ addresses: [`${address.slice(0, 4)}x@example.org`] })),
    )
    assert.ok(database.statements <= 8, `${database.statements} statements for those who ask at once`)
  })

  test('finds by indexes what the hot path asks for', async () => {
    const database = connect(await newSchema())
    await database.run({
      name: '',
      text: `INSERT INTO domain (name, catch_all, postmaster) SELECT 'd' || n || '.test', '', '' FROM generate_series(1, 2000) n;
        INSERT INTO account (address, domain, disabled, quota, reversible, clear_cram_md5)
          SELECT 'u@d' || n || '.test', 'd' || n || '.test', false, 0, false, false FROM generate_series(1, 2000) n;
        INSERT INTO alias SELECT 'a@d' || n || '.test', 'd' || n || '.test', '{}' FROM generate_series(1, 2000) n; ANALYZE`,
    })
    const plan = await database.rows({ name: '', text: `EXPLAIN (GENERIC_PLAN) ${READ_BY_KEY.text}` })
    const steps = plan.map((row) => Object.values(row).join('')).join('\n')
    assert.match(steps, /Index Scan using account_by_domain/)
    for (const table of ['domain d', 'account a', 'alias'])
      assert.ok(!steps.includes(`Seq Scan on ${table}  `), `${table}:\n${steps}`)
  })

  test('that is away is told apart from a wrong password, and is there again afterwards', async () => {
    const directory = await openNew()
    await directory.AddDomain(domain('example.org'))
    await addAccount(directory, 'tim@example.org')
    await server.halt()
    await assert.rejects(login(directory, 'tim@example.org', 'secret'), faultIs('unavailable'))
    await assert.rejects(directory.Resolve({ addresses: ['tim@example.org'] }), faultIs('unavailable'))
    await server.resume()
    await turn()
    assert.equal(await login(directory, 'tim@example.org', 'secret'), 'tim@example.org')
  })

  test('that was not migrated is told to the operator', async () => {
    const database = connect('nothing_here')
    await assert.rejects(
      openPostgresDirectory({ database }),
      (error: SqlError) => error instanceof SqlError && /cartero migrate/.test(error.message),
    )
  })

  test('takes names that no text of Postgres can have for names of nobody', async () => {
    const directory = await openNew()
    assert.equal(await login(directory, 'a\0b@example.org', 'secret'), '')
    const { resolutions } = await directory.Resolve({ addresses: ['a\0b@example.org', '\ud800@example.org'] })
    assert.ok(resolutions.every(({ verdict }) => verdict === 3))
  })
})

class CountingPostgres extends Postgres {
  statements = 0

  override transaction<T>(work: (queries: Queries) => Promise<T>, options?: TransactionOptions): Promise<T> {
    return super.transaction((queries) => {
      const rows: Queries['rows'] = (text, values) => {
        this.statements++
        return queries.rows(text, values)
      }
      return work({ ...queries, rows })
    }, options)
  }
}

async function everything(directory: Directory): Promise<unknown> {
  return [
    await directory.ListDomains({}),
    await directory.ListAccounts({ domain: '' }),
    await directory.ListAliases({ domain: '' }),
    await directory.ScramKeys({ login: 'nobody@example.org' }),
    await directory.ScramKeys({ login: 'tim@example.org' }),
  ]
}
