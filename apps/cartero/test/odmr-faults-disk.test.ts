// A disk that is full, or cannot be written any more, while a customer takes his mail: nothing is lost, and he is not told that
// all is well when it is not.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { CallingCustomer } from './calling-customer.ts'
import { RelayUnderFire } from './relay-under-fire.ts'
import { DISK_LACKS, SmallDisk } from './small-disk.ts'

/** Two segments of the log, what it leaves free, and some. */
const MEGABYTES = 400
const LETTERS = 300
/** Messages said to the customer and not answered, and what one settlement has of those that were. */
const WINDOW = 4 + 500
const skip = DISK_LACKS

async function provider(customer: CallingCustomer, disk: SmallDisk): Promise<RelayUnderFire> {
  return RelayUnderFire.start({
    hosts: {},
    counted: [customer.host],
    data: join(disk.path, 'data'),
    lines: 'odmr: { clearCramMd5: true, retryAfter: 1s }\n',
  })
}

/** Mail waits, and a customer who takes his time has had some of it. */
async function inATurn(customer: CallingCustomer, stage: RelayUnderFire): Promise<{ over: Promise<void> }> {
  const letters = { domain: 'home.test', prefix: 'pile', octets: 10_000 }
  assert.deepEqual(await stage.flood({ ...letters, sessions: 5, letters: LETTERS / 5 }), [])
  customer.host.script = (place) => (place === 'end' ? sleep(5, undefined) : undefined)
  const { answer, over } = await customer.call(stage.cartero)
  assert.match(answer, /^250 /)
  while (customer.host.taken < 20) await sleep(1)
  return { over }
}

/** Comes again until he is told that nothing waits. */
async function fetchRest(customer: CallingCustomer, stage: RelayUnderFire): Promise<void> {
  customer.host.script = () => undefined
  const coming = customer.callOn(() => stage.cartero)
  assert.deepEqual(await stage.lost(), [])
  customer.stop()
  await coming
}

test('a disk that gets full in a turn: what waits is given out all the same, once', { skip }, async (t) => {
  using disk = SmallDisk.make(MEGABYTES)
  await using customer = await CallingCustomer.start()
  await using stage = await provider(customer, disk)
  const { over } = await inATurn(customer, stage)
  disk.fill(1)
  const filling = { domain: 'home.test', prefix: 'full', sessions: 5, letters: 20, octets: 200_000 }
  const refusals = await stage.flood(filling)
  assert.ok(refusals.length > 0)
  for (const answer of refusals) assert.match(answer, /^452 4\.3\.1 /)
  await over
  disk.empty()
  await fetchRest(customer, stage)
  assert.equal(stage.duplicates().size, 0)
  t.diagnostic(`${stage.promised.size} acknowledged, 0 lost, 0 came twice in ${customer.turns} turns`)
  assert.equal(await stage.cartero.stop(), 0, stage.cartero.output.slice(-2_000))
})

test(
  'a disk that cannot be written any more in a turn: he is not told that nothing waits, and has it all later',
  { skip },
  async (t) => {
    using disk = SmallDisk.make(MEGABYTES)
    await using customer = await CallingCustomer.start()
    await using stage = await provider(customer, disk)
    const { over } = await inATurn(customer, stage)
    disk.fail()
    const taken = customer.host.taken
    await Promise.race([over, sleep(3_000)])
    const isCut = customer.host.open === 0
    const answer = await customer.call(stage.cartero).then(
      (call) => call.answer,
      (error: unknown) => String(error),
    )
    t.diagnostic(
      `${customer.host.taken - taken} more came, the turn ${isCut ? 'ended' : 'goes on'}; then: ${answer.trim()}`,
    )
    assert.ok(customer.host.taken - taken <= WINDOW)
    assert.doesNotMatch(answer, /^453/)
    assert.match(stage.cartero.output, /read-only|readonly|EROFS/i)
    await stage.cartero.kill()
    disk.unmount()
    disk.repair()
    disk.mount()
    await stage.restart()
    await fetchRest(customer, stage)
    const twice = stage.duplicates().size
    assert.ok(twice <= WINDOW)
    t.diagnostic(`${stage.promised.size} acknowledged, 0 lost, ${twice} came twice`)
  },
)
