import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, describe, test } from 'node:test'
import { ScramHash } from '@cartero/contracts/directory'
import { SqlError, SqlWorker } from '@cartero/sql'
import { ManualClock } from '@cartero/wire'
import { account, addAccount, alias, domain, login } from '../compliance/house.ts'
import { describeDirectory } from '../compliance/index.ts'
import { RESOLUTION_TTL_MS } from '../resolution-cache.ts'
import { credentialOf } from '../password.ts'
import { openSqliteDirectory } from './index.ts'
import { migrations } from './schema.ts'
import { prepareStatements } from './statements.ts'

const worker = new SqlWorker()
const folder = mkdtempSync(join(tmpdir(), 'cartero-directory-'))
after(async () => {
  await worker.close()
  rmSync(folder, { recursive: true })
})

let files = 0
const newFile = (): string => join(folder, `${files++}.db`)

describeDirectory('in SQLite', (options) => openSqliteDirectory({ worker, file: newFile(), ...options }))

describe('a directory in a file', () => {
  test('is the same when it is opened again', async () => {
    const file = newFile()
    const first = await openSqliteDirectory({ worker, file })
    await first.AddDomain(domain('example.org', { postmaster: 'tim@example.org' }))
    await addAccount(first, 'tim@example.org')
    await first.SetAccount(account('tim@example.org', { quota: 2n ** 60n }))
    await first.SetAlias(alias('info@example.org', 'tim@example.org'))
    const collection = { account: 'tim@example.org', quota: 2n ** 60n, keepSeconds: 86_400n, contact: '' }
    await first.AddDomain(domain('home.test', { collection }))
    const before = await everything(first)
    await first.close()
    const second = await openSqliteDirectory({ worker, file })
    assert.deepEqual(await everything(second), before)
    assert.equal(await login(second, 'tim@example.org', 'secret'), 'tim@example.org')
    await second.close()
  })

  test('of the first version is read by this one, and nobody has to set his password again', async () => {
    const file = newFile()
    const { hash, sha256 } = await credentialOf('secret')
    const database = new DatabaseSync(file)
    database.exec(migrations[0]!)
    database.exec('PRAGMA user_version = 1')
    database.exec(`INSERT INTO domain (name, catch_all, postmaster) VALUES ('example.org', '', '')`)
    database.exec(`INSERT INTO account VALUES (1, 'tim@example.org', 'example.org', 0, 0)`)
    database
      .prepare('INSERT INTO credential VALUES (?, ?, ?, ?, ?, ?)')
      .run('tim@example.org', hash, sha256.salt, sha256.iterations, sha256.storedKey, sha256.serverKey)
    database.close()
    const directory = await openSqliteDirectory({ worker, file })
    const keys = (hash: ScramHash) => directory.ScramKeys({ login: 'tim@example.org', hash })
    assert.equal((await keys(ScramHash.SHA_256)).account, 'tim@example.org')
    assert.equal((await keys(ScramHash.SHA_1)).account, '')
    assert.equal(await login(directory, 'tim@example.org', 'secret'), 'tim@example.org')
    assert.equal((await keys(ScramHash.SHA_1)).account, 'tim@example.org', 'made when the password was seen')
    await directory.close()
  })

  test('of the third version is read by this one: nothing is collected, and nobody may log in without TLS', async () => {
    const file = newFile()
    const database = new DatabaseSync(file)
    for (const script of migrations.slice(0, 3)) database.exec(script)
    database.exec('PRAGMA user_version = 3')
    database.exec(`INSERT INTO domain (name, catch_all, postmaster) VALUES ('example.org', '', '')`)
    database.exec(
      `INSERT INTO account (address, domain, disabled, quota, reversible) VALUES ('tim@example.org', 'example.org', 0, 7, 1)`,
    )
    database.close()
    const directory = await openSqliteDirectory({ worker, file })
    const tim = account('tim@example.org', { quota: 7n, reversibleSecret: true }).account
    assert.deepEqual(await directory.ListDomains({}), { domains: [domain('example.org').domain] })
    assert.deepEqual(await directory.ListAccounts({ domain: '' }), { accounts: [tim] })
    assert.deepEqual(await directory.CollectedDomains({ account: 'tim@example.org' }), { domains: [] })
    await directory.close()
  })

  test('finds by index what an account collects, however many domains there are', () => {
    const database = new DatabaseSync(':memory:')
    for (const script of migrations) database.exec(script)
    const { sourceSQL } = prepareStatements(database).domainsCollectedBy
    const plan = database.prepare(`EXPLAIN QUERY PLAN ${sourceSQL}`).all('fetch@home.test')
    const steps = plan.map((row) => row['detail'] as string)
    assert.match(steps.join('\n'), /USING (COVERING )?INDEX collection_by_account/)
    assert.doesNotMatch(steps.join('\n'), /^SCAN/m)
  })

  test('notices after a while what another process wrote', async () => {
    const file = newFile()
    const clock = new ManualClock()
    const here = await openSqliteDirectory({ worker, file, clock })
    const there = await openSqliteDirectory({ worker, file })
    await here.Resolve({ addresses: ['postmaster@example.org'] })
    await there.AddDomain(domain('example.org'))
    assert.equal(here.resolveNow('postmaster@example.org')?.verdict, 3)
    clock.advance(RESOLUTION_TTL_MS)
    assert.equal(here.resolveNow('postmaster@example.org'), undefined)
    await Promise.all([here.close(), there.close()])
  })

  test('has nothing at hand before it was asked', async () => {
    const directory = await openSqliteDirectory({ worker, file: newFile() })
    assert.equal(directory.resolveNow('tim@example.org'), undefined)
    assert.equal(directory.senderAllowedNow('tim@example.org', 'tim@example.org'), undefined)
    await directory.close()
  })

  test('that is not a database is told to the operator', async () => {
    await assert.rejects(openSqliteDirectory({ worker, file: folder }), SqlError)
  })

  test('that has gone away is told apart from a wrong password', async () => {
    const dying = new SqlWorker()
    const directory = await openSqliteDirectory({ worker: dying, file: newFile() })
    await dying.close()
    await assert.rejects(login(directory, 'tim@example.org', 'secret'))
  })
})

async function everything(directory: Awaited<ReturnType<typeof openSqliteDirectory>>): Promise<unknown> {
  return [
    await directory.ListDomains({}),
    await directory.ListAccounts({ domain: '' }),
    await directory.ListAliases({ domain: '' }),
    await directory.ScramKeys({ login: 'nobody@example.org' }),
    await directory.ScramKeys({ login: 'tim@example.org' }),
  ]
}
