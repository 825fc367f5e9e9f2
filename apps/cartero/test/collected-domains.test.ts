// What an operator says of domains whose mail waits for a customer, as the command line takes it on a stopped system.
import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import { cartero, temporaryFolder, type Answer } from './cartero-command.ts'

interface House {
  readonly on: (...words: string[]) => Promise<Answer>
  readonly listed: (what: 'domain' | 'account') => Promise<unknown[]>
}

/** A stopped system with the domain example.org and an account in it. */
async function house(context: TestContext): Promise<House> {
  const data = temporaryFolder(context)
  const on = (...words: string[]): Promise<Answer> =>
    cartero([...words, '--data', data], { input: 'correct horse\n' })
  const listed = async (what: string): Promise<unknown[]> =>
    JSON.parse((await on(what, 'list', '--json')).out) as unknown[]
  assert.equal((await on('domain', 'add', 'example.org')).code, 0)
  assert.equal((await on('account', 'add', 'fetch@example.org', '--password-stdin')).code, 0)
  return { on, listed }
}

const ORG = { name: 'example.org', catchAll: '', postmaster: '' }
const HOME = { name: 'home.test', catchAll: '', postmaster: '' }

describe('domains whose mail is collected', { concurrency: 2 }, () => {
  test('one is added, changed in part, and made one for mailboxes again', async (context) => {
    const { on, listed } = await house(context)
    const said = ['--quota', '1GB', '--keep', '30d', '--contact', 'tim@example.net']
    const added = await on('domain', 'add', 'home.test', '--collected-by', 'Fetch@example.org', ...said)
    assert.equal(added.code, 0, added.err)
    const collection = {
      account: 'fetch@example.org',
      quota: 1_000_000_000,
      keepSeconds: 2_592_000,
      contact: 'tim@example.net',
    }
    assert.deepEqual(await listed('domain'), [ORG, { ...HOME, collection }])
    const table = (await on('domain', 'list')).out
    assert.match(table, /^DOMAIN +CATCH-ALL +POSTMASTER +COLLECTED BY +QUOTA +KEPT +CONTACT$/m)
    assert.match(table, /^home\.test +fetch@example\.org +1000000000 octets +30d +tim@example\.net$/m)
    const change = ['--quota', 'default', '--no-contact', '--catch-all', 'fetch@example.org']
    assert.equal((await on('domain', 'set', 'HOME.test', ...change)).code, 0)
    const changed = { ...HOME, catchAll: 'fetch@example.org' }
    const rest = { ...collection, quota: 0, contact: '' }
    assert.deepEqual(await listed('domain'), [ORG, { ...changed, collection: rest }])
    const off = await on('domain', 'set', 'home.test', '--not-collected')
    assert.match(off.err, /what waits already stays in the queue/)
    assert.deepEqual(await listed('domain'), [ORG, changed])
    assert.doesNotMatch((await on('domain', 'list')).out, /COLLECTED/)
  })

  test('what contradicts itself or says nothing ends with 2, and what is not there with 3', async (context) => {
    const { on, listed } = await house(context)
    const set = (...words: string[]): Promise<Answer> => on('domain', 'set', 'example.org', ...words)
    const by = ['--collected-by', 'fetch@example.org']
    const wrong: readonly (readonly [Answer, number, RegExp])[] = [
      [await set(), 2, /nothing was named/],
      [await set('--not-collected', ...by), 2, /contradicts/],
      [await set('--quota', '1GB'), 2, /nobody collects the mail of example\.org.*--collected-by/],
      [await set('--quota', 'much', ...by), 2, /--quota takes a size such as/],
      [await set('--keep', '30', ...by), 2, /--keep takes a duration such as 30s.* to 365d, not '30'/],
      [await set('--keep', '10s', ...by), 2, /--keep takes/],
      [await set('--contact', 'x@example.org', ...by), 2, /whose mail waits/],
      [await set('--collected-by', 'nobody@example.org'), 3, /account add nobody@example\.org/],
      [await on('domain', 'set', 'none.test', '--no-postmaster'), 3, /domain add none\.test/],
      [await on('domain', 'add', 'new.test', '--keep', '30d'), 2, /say --collected-by, too/],
      [await on('domain', 'add', 'new.test', '--collected-by', 'a@new.test'), 3, /add new\.test without/],
    ]
    for (const [{ code, out, err }, expected, words] of wrong) {
      assert.match(err, words)
      assert.deepEqual({ code, out }, { code: expected, out: '' }, err)
    }
    assert.deepEqual(await listed('domain'), [ORG], 'nothing is half done')
  })

  test('an account of the domain itself collects it after three steps, and is then not removed', async (context) => {
    const { on, listed } = await house(context)
    assert.equal((await on('domain', 'add', 'home.test')).code, 0)
    assert.equal((await on('account', 'add', 'fetch@home.test', '--password-stdin')).code, 0)
    const set = await on('domain', 'set', 'home.test', '--collected-by', 'fetch@home.test', '--json')
    assert.deepEqual([set.code, JSON.parse(set.out)], [0, { name: 'home.test' }])
    const removed = await on('account', 'remove', 'fetch@home.test', '--yes')
    assert.equal(removed.code, 1)
    assert.match(removed.err, /collects the mail of home\.test.*--not-collected/)
    assert.equal((await listed('account')).length, 2)
  })

  test('help shows how it is said', async () => {
    for (const words of [['domain'], ['domain', 'add'], ['domain', 'set']]) {
      const { out } = await cartero([...words, '--help'])
      assert.match(out, /cartero domain add home\.test --collected-by fetch@example\.org/, words.join(' '))
    }
    assert.match((await cartero(['account', 'add', '--help'])).out, /--clear-cram-md5/)
  })
})

describe('CRAM-MD5 without TLS', { concurrency: 2 }, () => {
  test('is said of an account with a warning of what it means, and is listed', async (context) => {
    const { on, listed } = await house(context)
    const fetch = { address: 'fetch@example.org', disabled: false, quota: 0 }
    const old = { address: 'old@example.org', disabled: false, quota: 0 }
    const added = await on('account', 'add', 'old@example.org', '--clear-cram-md5', '--password-stdin')
    assert.equal(added.code, 0)
    assert.match(added.err, /warning: its password is kept.*guess at it.*--no-clear-cram-md5/)
    const both = { reversibleSecret: true, clearCramMd5: true }
    assert.deepEqual(await listed('account'), [fetch, { ...old, ...both }])
    assert.match((await on('account', 'list')).out, /^old@example\.org .* without TLS, too$/m)
    assert.equal((await on('account', 'set', 'old@example.org', '--no-clear-cram-md5')).code, 0)
    assert.deepEqual(await listed('account'), [fetch, { ...old, reversibleSecret: true }])
    const again = await on('account', 'set', 'old@example.org', '--clear-cram-md5')
    assert.match(again.err, /warning: its password is kept/)
    assert.equal((await on('account', 'set', 'old@example.org', '--no-reversible-secret')).code, 0)
    assert.deepEqual(await listed('account'), [fetch, old], 'it goes with the secret')
    const odd = await on('account', 'set', 'old@example.org', '--clear-cram-md5', '--no-reversible-secret')
    assert.equal(odd.code, 2)
  })
})
