// Customers, as the operator of a provider has them: the demo customer of a development system, and `cartero odmr`.
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { CarteroProcess, LineClient } from '@cartero/testkit'
import { cartero, temporaryFolder, type Answer } from './cartero-command.ts'
import { customerOf } from './demo-customer.ts'

interface Customer {
  readonly domain: string
  readonly account: string
  readonly deliveries: number
  readonly quota: number
  readonly keepSeconds: number
  readonly contact: string
}

/** What a client says to leave a letter, and how each line is answered. */
async function letterFrom(client: LineClient, from: string, to: string): Promise<void> {
  assert.match(await client.smtp(`MAIL FROM:<${from}>`), /^250 /)
  assert.match(await client.smtp(`RCPT TO:<${to}>`), /^250 /)
  assert.match(await client.smtp('DATA'), /^354 /)
  assert.match(await client.smtp('Subject: held\r\n\r\nx\r\n.'), /^250 /)
}

describe('the customer of a development system', () => {
  const running = new AsyncDisposableStack()
  let system: CarteroProcess
  const on = (...words: string[]): Promise<Answer> => cartero([...words, '--data', system.data])
  const customers = async (): Promise<readonly Customer[]> =>
    JSON.parse((await on('odmr', 'list', '--json')).out) as Customer[]
  const demo = async (): Promise<Customer> =>
    (await customers()).find(({ domain }) => domain === 'home.test')!

  before(async () => {
    system = running.use(await CarteroProcess.start())
  })
  after(() => running.disposeAsync())

  test('is there from the start, in the credentials and on the screen', () => {
    const { domain, address, password } = customerOf(system)
    assert.deepEqual([domain, address], ['home.test', 'fetch@home.test'])
    assert.ok(system.output.includes(`customer            home.test as ${address}   password ${password}`))
  })

  test('has mail that comes from outside and mail that users submit, and nobody else has it', async () => {
    using stranger = await LineClient.connect(system.port(25))
    await stranger.reply()
    await stranger.smtp('EHLO sender.test')
    await letterFrom(stranger, 'tim@elsewhere.test', 'anybody@home.test')
    const alice = system.account('alice')
    using user = await LineClient.connectTls(system.port(465))
    await user.reply()
    await user.smtp('EHLO client.test')
    const login = Buffer.from(`\0${alice.address}\0${alice.password}`).toString('base64')
    assert.match(await user.smtp(`AUTH PLAIN ${login}`), /^235 /)
    await letterFrom(user, alice.address, 'somebody.else@home.test')
    await held(2)
    assert.equal((await demo()).account, 'fetch@home.test')
  })

  test('what waits for him is told as that, wherever the queue is looked at', async () => {
    const listed = await on('queue', 'list', '--customer', 'home.test')
    assert.match(listed.out, /anybody@home\.test +ready +when fetched/)
    assert.equal(listed.out.trim().split('\n').length, 3, listed.out)
    assert.match((await on('queue', 'shape')).out, /^odmr home\.test +2 /m)
    assert.match((await on('mailq')).out, /\(waits until the customer of home\.test comes for it\)/)
    assert.match((await on('trace', 'anybody@home.test')).out, /waits until the customer of home\.test comes/)
    const mistaken = await on('queue', 'list', '--domain', 'home.test')
    assert.match(mistaken.err, /waits until its customer comes for it: --customer home\.test/)
    const two = await on('queue', 'list', '--domain', 'a.test', '--customer', 'home.test')
    assert.deepEqual([two.code, /name one/.test(two.err)], [2, true])
  })

  test('mail for elsewhere can be given to him instead, and not to a customer who is none', async () => {
    const input = 'Subject: for far\n\nx\n'
    const words = ['sendmail', '--data', system.data, '-f', 'alice', 'tim@far.test']
    assert.equal((await cartero(words, { input })).code, 0)
    const reroute = ['queue', 'reroute', '--domain', 'far.test', '--yes', '--to-customer']
    const nobody = await on(...reroute, 'nobody.test')
    assert.equal(nobody.code, 3)
    assert.match(nobody.err, /no mail waits for a customer of nobody\.test/)
    const given = await on(...reroute, 'home.test')
    assert.match(given.err, /1 delivery was rerouted/)
    await held(3)
  })

  test('others are added while it runs, and removed, and their mail is not lost by that', async () => {
    const added = await on('odmr', 'add', 'BÜCHER.test', '--quota', '5MB', '--keep', '10d')
    assert.equal(added.code, 0, added.err)
    assert.match(added.out, /^password: \S+\n$/)
    assert.match(added.err, /host: mail\.cartero\.test\n +port: \d+\n +username: fetch@xn--bcher-kva\.test/)
    const one = (await customers()).find(({ domain }) => domain === 'xn--bcher-kva.test')
    assert.deepEqual(
      [one?.account, one?.quota, one?.keepSeconds],
      ['fetch@xn--bcher-kva.test', 5_000_000, 864_000],
    )
    const removed = await on('odmr', 'remove', 'home.test', '--yes')
    assert.equal(removed.code, 0, removed.err)
    assert.match(removed.err, /3 deliveries still wait: "cartero queue bounce --customer home\.test"/)
    const { account, deliveries } = await demo()
    assert.deepEqual([account, deliveries], ['', 3])
    const again = await on('odmr', 'add', 'home.test', '--account', 'fetch@home.test')
    assert.deepEqual([again.code, again.out], [0, ''], again.err)
    assert.equal((await demo()).account, 'fetch@home.test')
  })

  /** Counters are right within two seconds. */
  async function held(count: number): Promise<void> {
    for (let i = 0; i < 20; i++) if ((await demo()).deliveries === count) return
    assert.fail(`${(await demo()).deliveries} wait, not ${count}\n${system.output}`)
  }
})

test('credentials from before there were customers are kept, and the customer is added to them', async (context) => {
  const data = temporaryFolder(context)
  const accounts = ['alice', 'bob'].map((name) => ({
    address: `${name}@cartero.test`,
    password: `correct horse ${name}`,
  }))
  const file = join(data, 'credentials.json')
  writeFileSync(file, JSON.stringify({ accounts }))
  const system = await CarteroProcess.start({ data })
  assert.equal(await system.stop(), 0, system.output)
  const kept = JSON.parse(readFileSync(file, 'utf8')) as { accounts: unknown; odmr: unknown[] }
  assert.deepEqual(kept.accounts, accounts)
  assert.equal(kept.odmr.length, 1)
  assert.match(system.output, /accounts {12}alice@cartero\.test, bob@cartero\.test\n/)
  assert.doesNotMatch(system.output, /correct horse/)
})

describe('customers of a stopped system', () => {
  const data = temporaryFolder({ after: (done) => after(done as () => void) })
  const on = (...words: string[]): Promise<Answer> => cartero([...words, '--data', data])

  test('are added with domain and account, listed, and removed', async () => {
    const added = await on('odmr', 'add', 'home.test', '--clear-cram-md5', '--json')
    assert.equal(added.code, 0, added.err)
    const { domain, account, password } = JSON.parse(added.out) as Record<string, string>
    assert.deepEqual([domain, account, password?.length], ['home.test', 'fetch@home.test', 23])
    const accounts = JSON.parse((await on('account', 'list', '--json')).out) as Record<string, unknown>[]
    assert.deepEqual(
      accounts.map(({ reversibleSecret, clearCramMd5 }) => [reversibleSecret, clearCramMd5]),
      [[true, true]],
    )
    const listed = await on('odmr', 'list')
    assert.match(listed.out, /^home\.test +fetch@home\.test +0 +0 +0% of 1\.0G +30d$/m)
    assert.match(listed.err, /no door is open for customers: set listen\.odmr/)
    assert.equal((await on('odmr', 'remove', 'home.test')).code, 0)
    const none = await on('odmr', 'list')
    assert.match(none.err, /there are no customers: "cartero odmr add" makes one/)
  })

  test('what cannot be is refused with the reason, and what is not there with 3', async () => {
    assert.equal((await on('odmr', 'remove', 'nobody.test')).code, 3)
    const quota = await on('odmr', 'add', 'a.test', '--quota', 'much')
    assert.deepEqual([quota.code, /--quota takes a size/.test(quota.err)], [2, true], quota.err)
    const fetch = await on('odmr', 'fetch', 'edge')
    assert.deepEqual([fetch.code, /is stopped/.test(fetch.err)], [1, true], fetch.err)
  })

  test('a domain whose people have mailboxes is not taken from them by mistake', async () => {
    assert.equal((await on('domain', 'add', 'people.test')).code, 0)
    assert.equal((await on('account', 'add', 'tim@people.test', '--generate')).code, 0)
    const refused = await on('odmr', 'add', 'people.test')
    assert.equal(refused.code, 2)
    assert.match(refused.err, /1 account in people\.test would get no mail here any more/)
    assert.equal((await on('odmr', 'list', '--json')).out.trim(), '[]')
    assert.equal((await on('odmr', 'add', 'people.test', '--yes')).code, 0)
  })
})
