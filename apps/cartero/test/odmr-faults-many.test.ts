// So much waits for one customer that nothing may look through it: he is answered as ever, and nobody else waits for him.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { command } from '@cartero/testkit'
import { CallingCustomer, type Call } from './calling-customer.ts'
import { cartero } from './cartero-command.ts'
import { CountingHost } from './counting-host.ts'
import { RelayUnderFire } from './relay-under-fire.ts'

/** `WAITING_MESSAGES=100000` takes some minutes; what the spool does with a million is in tools/bench/uncollected.ts. */
const MESSAGES = Number(process.env['WAITING_MESSAGES'] ?? 10_000)
/** So many are enough, where so many cannot be handed in within that time. */
const ENOUGH = 0.5 * MESSAGES
const HANDING_IN_MS = 1_500 + MESSAGES
const PORTION = 2_500
const SENDERS = '10'
const OCTETS = '300'
const FEW = 10
const LIMIT_MS = 45_000
/** What it may have in memory meanwhile. */
const MEGABYTES = 900

const PROGRAM = '/usr/sbin/smtp-source'
const LACKS = (await command('test', ['-x', PROGRAM])).code === 0 ? false : `${PROGRAM} is not here`

/** All of them are answered 250. Their recipients are numbered. */
async function handIn(stage: RelayUnderFire, prefix: string, messages: number): Promise<void> {
  const to = ['-f', 'tim@elsewhere.test', '-t', `${prefix}@home.test`, `127.0.0.1:${stage.cartero.port(25)}`]
  const words = ['-N', '-d', '-s', SENDERS, '-m', String(messages), '-l', OCTETS, ...to]
  const { code, stderr } = await command(PROGRAM, words, { limitMs: 60_000 })
  assert.equal(code, 0, stderr)
}

const waiting = (stage: RelayUnderFire): Promise<number> =>
  stage.queue((queue) => queue.count({ destination: 'odmr home.test' }))

async function until(what: string, isSo: () => Promise<boolean> | boolean): Promise<void> {
  for (const end = Date.now() + LIMIT_MS; !(await isSo()); await sleep(50)) assert.ok(Date.now() < end, what)
}

/** Of a request that is answered 250: in milliseconds, and the call. */
async function asked(customer: CallingCustomer, stage: RelayUnderFire): Promise<[number, Call]> {
  const begun = performance.now()
  const call = await customer.call(stage.cartero)
  assert.match(call.answer, /^250 /)
  return [performance.now() - begun, call]
}

/** The most it had in memory since it was started. */
function peak({ cartero }: RelayUnderFire): number {
  const status = readFileSync(`/proc/${cartero.child.pid}/status`, 'latin1')
  return Math.round(Number(/^VmHWM:\s+(\d+) kB/m.exec(status)![1]) / 1_024)
}

test(`${MESSAGES} messages wait for one customer`, { skip: LACKS }, async (t) => {
  await using customer = await CallingCustomer.start()
  await using far = await CountingHost.start()
  await using stage = await RelayUnderFire.start({
    hosts: { 'far.test': far },
    counted: [customer.host],
    lines: 'odmr: { clearCramMd5: true }\n',
  })
  const data = ['--data', stage.cartero.data]
  let handedIn = 0

  await t.test('a few are given out', async () => {
    await handIn(stage, 'few-', FEW)
    await until('they wait', async () => (await waiting(stage)) === FEW)
  })
  const [fewMs, few] = await asked(customer, stage)
  await few.over
  assert.equal(customer.host.taken, FEW)

  await t.test('all of them are taken in', async () => {
    for (const end = Date.now() + HANDING_IN_MS; handedIn < MESSAGES && Date.now() < end;) {
      await handIn(stage, `many${handedIn}-`, PORTION)
      handedIn += PORTION
    }
    assert.ok(handedIn >= Math.min(MESSAGES, ENOUGH), `only ${handedIn} could be handed in`)
    await until('all of them wait', async () => (await waiting(stage)) === handedIn)
    t.diagnostic(`${handedIn} wait; ${peak(stage)} MB`)
  })

  await t.test('the operator is told how many they are', async () => {
    const shape = await cartero(['queue', 'shape', '--json', ...data])
    assert.equal((JSON.parse(shape.out) as { total: { deliveries: number } }).total.deliveries, handedIn)
    const list = await cartero(['odmr', 'list', '--json', ...data])
    const [customers] = [JSON.parse(list.out) as { domain: string; deliveries: number }[]]
    assert.equal(customers.find(({ domain }) => domain === 'home.test')?.deliveries, handedIn)
  })

  await t.test('mail for others goes while they wait, and while they are given out', async () => {
    const letters = { sessions: 2, letters: 20 }
    await stage.flood({ ...letters, domain: 'far.test', prefix: 'beside' })
    assert.deepEqual(await stage.lost(), [])
    const isHeld = Promise.withResolvers<undefined>()
    customer.host.script = (place) => (place === 'greeting' ? isHeld.promise : undefined)
    const [manyMs, many] = await asked(customer, stage)
    t.diagnostic(`answered in ${Math.round(manyMs)} ms, and in ${Math.round(fewMs)} ms when it were ${FEW}`)
    // An order of magnitude, on a machine that has other things to do: a look through all of them takes much longer.
    assert.ok(manyMs < 10 * Math.max(fewMs, 100), `${manyMs} ms`)
    isHeld.resolve(undefined)
    await stage.flood({ ...letters, domain: 'far.test', prefix: 'during' })
    assert.deepEqual(await stage.lost(), [])
    await until('he has them all', () => customer.host.taken >= FEW + handedIn)
    await many.over
  })

  await t.test('each of them came once, and memory was bounded', async () => {
    assert.equal(customer.host.taken, FEW + handedIn)
    assert.equal(customer.host.copies.size, FEW + handedIn)
    assert.equal(stage.duplicates().size, 0)
    await until('all of it is settled', async () => (await waiting(stage)) === 0)
    t.diagnostic(`${handedIn} given out in one turn; ${peak(stage)} MB at most`)
    assert.ok(peak(stage) < MEGABYTES)
  })
})
