// kill -9 of a provider while a customer takes mail and senders hand in more: what was acknowledged is with the customer after
// restarts; twice comes only what he had and we had not noted. And a process that is told to leave in the middle of a turn.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { CallingCustomer } from './calling-customer.ts'
import { RelayUnderFire } from './relay-under-fire.ts'

const ROUNDS = Number(process.env['CRASH_ROUNDS'] ?? 4)
const SENDERS = 5
const LINES = 'odmr: { clearCramMd5: true, retryAfter: 1s }\ndrain: 10s\n'
/** Messages said to the customer and not answered, and what one settlement has of those that were. */
const WINDOW = 4 + 500

function provider(customer: CallingCustomer): Promise<RelayUnderFire> {
  return RelayUnderFire.start({ hosts: {}, counted: [customer.host], lines: LINES })
}

const waiting = (stage: RelayUnderFire): Promise<number> =>
  stage.queue((queue) => queue.count({ destination: 'odmr home.test' }))

async function idle(stage: RelayUnderFire): Promise<void> {
  for (let i = 0; (await waiting(stage)) > 0; await sleep(50))
    assert.ok(i < 400, stage.cartero.output.slice(-2_000))
}

test(`kill -9 in turns (${ROUNDS}): nothing is lost, and twice comes only what was not noted yet`, async (t) => {
  await using customer = await CallingCustomer.start()
  await using stage = await provider(customer)
  const { host } = customer
  const kills: number[] = []
  let calling: Promise<void> = Promise.resolve()
  for (let round = 0; round < ROUNDS; round++) {
    // It is killed in a turn: it has more than can be taken in the time.
    host.script = () => undefined
    await stage.flood({ domain: 'home.test', prefix: `pile${round}`, sessions: SENDERS, letters: 100 })
    const taken = host.taken
    calling = customer.callOn(() => stage.cartero)
    const flood = stage.flood({ domain: 'home.test', prefix: `on${round}`, sessions: SENDERS })
    while (host.taken === taken) await sleep(1)
    await sleep(300 * Math.random())
    await stage.cartero.kill()
    customer.stop()
    await Promise.all([flood, calling])
    while (host.open > 0) await sleep(1)
    kills.push(host.taken)
    assert.ok(host.taken > taken)
    await stage.restart()
  }
  calling = customer.callOn(() => stage.cartero)
  assert.deepEqual(await stage.lost(), [])
  await idle(stage)
  customer.stop()
  await calling
  const [copies, widest] = ages(stage, kills)
  t.diagnostic(
    `${stage.promised.size} acknowledged, 0 lost, ${copies} came twice after ${kills.length} kills in ${customer.turns} turns ` +
      `(the oldest was ${widest} letters before)`,
  )
  assert.deepEqual(await stage.failures(), [])
})

/** How many came twice, and how many letters before a kill the first copy of any of them came. No one came twice without a kill between. */
function ages(stage: RelayUnderFire, kills: readonly number[]): [number, number] {
  let [copies, widest] = [0, 0]
  for (const [recipient, [first, ...others]] of stage.duplicates()) {
    copies += others.length
    for (const other of others) {
      const between = kills.filter((at) => at > first!.at && at <= other.at)
      const age = Math.min(...between.map((at) => at - 1 - first!.at))
      assert.ok(age <= WINDOW, `${recipient}: letter ${first!.at} came again as ${other.at}`)
      widest = Math.max(widest, age)
    }
  }
  assert.ok(copies <= kills.length * WINDOW)
  return [copies, widest]
}

test('SIGTERM in a turn: the message at hand is finished, the rest stays for the next process, and nothing comes twice', async (t) => {
  const letters = 100
  await using customer = await CallingCustomer.start()
  await using stage = await provider(customer)
  const { host } = customer
  await stage.flood({ domain: 'home.test', prefix: 'pile', sessions: 1, letters })
  host.script = (place) => (place === 'end' ? sleep(50, undefined) : undefined)
  const { answer, over } = await customer.call(stage.cartero)
  assert.match(answer, /^250 /)
  while (host.taken < 3) await sleep(1)
  const before = host.taken
  const begun = performance.now()
  assert.equal(await stage.cartero.stop(), 0, stage.cartero.output.slice(-2_000))
  await over
  const took = Math.round(performance.now() - begun)
  // What was said to him already, and no more.
  assert.ok(host.taken <= before + 5, `${host.taken - before} came after the signal`)
  const ended = stage.cartero.output.split('\n').filter((line) => line.includes('"turn.ended"'))
  assert.match(ended.join(), /"how":"stopped","reason":"the server is shutting down"/)
  await stage.restart()
  assert.equal(await waiting(stage), letters - host.taken)
  host.script = () => undefined
  await customer.turn(stage.cartero)
  assert.deepEqual(await stage.lost(), [])
  assert.equal(stage.duplicates().size, 0)
  t.diagnostic(
    `${letters} acknowledged, 0 lost, 0 came twice; ${host.taken} taken, and leaving took ${took} ms`,
  )
})
