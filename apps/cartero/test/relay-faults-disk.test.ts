// A disk that is full, that cannot be written any more, and that lost its power, under mail that comes in and goes out.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { CountingHost } from './counting-host.ts'
import { RelayUnderFire } from './relay-under-fire.ts'
import { DISK_LACKS, SmallDisk } from './small-disk.ts'

const CUTS = Number(process.env['POWER_CUTS'] ?? 1)
const LIMIT_MS = 10_000
/** Two segments of the log, what it leaves free, and some. */
const MEGABYTES = 400
const skip = DISK_LACKS
const late: CountingHost['script'] = () => sleep(5, undefined)

test(
  'a full disk: 452 at the door, what was accepted goes on, and all is well when there is room',
  { skip },
  async (t) => {
    using disk = SmallDisk.make(MEGABYTES)
    await using host = await CountingHost.start()
    host.script = late
    await using stage = await RelayUnderFire.start({
      hosts: { 'far.test': host },
      data: join(disk.path, 'data'),
    })
    const flood = stage.flood({
      domain: 'far.test',
      prefix: 'filling',
      sessions: 10,
      letters: 150,
      octets: 20_000,
    })
    await sleep(600)
    disk.fill(1)
    const refusals = await flood
    assert.ok(refusals.length > 0)
    for (const answer of refusals) assert.match(answer, /^452 4\.3\.1 /)
    assert.deepEqual(await stage.lost(), [])
    const [refused] = await stage.flood({ domain: 'far.test', prefix: 'full', sessions: 1, letters: 1 })
    assert.match(refused!, /^452 4\.3\.1 /)
    disk.empty()
    // A refusal has the disk looked at again.
    const probe = { domain: 'far.test', sessions: 1, letters: 1 }
    const end = Date.now() + LIMIT_MS
    for (let i = 0; (await stage.flood({ ...probe, prefix: `probe${i}` })).length > 0; i++) {
      assert.ok(Date.now() < end)
      await sleep(20)
    }
    assert.deepEqual(await stage.flood({ domain: 'far.test', prefix: 'room', sessions: 5, letters: 20 }), [])
    assert.deepEqual(await stage.lost(), [])
    t.diagnostic(
      `${stage.promised.size} acknowledged, ${refusals.length + 1} refused, 0 lost, ${stage.duplicates().size} came twice`,
    )
    assert.equal(await stage.cartero.stop(), 0, stage.cartero.output.slice(-2_000))
  },
)

test('a disk that cannot be written: a refusal that says so, and nothing is lost', { skip }, async (t) => {
  using disk = SmallDisk.make(MEGABYTES)
  await using host = await CountingHost.start()
  host.script = late
  await using stage = await RelayUnderFire.start({
    hosts: { 'far.test': host },
    data: join(disk.path, 'data'),
  })
  const flood = stage.flood({ domain: 'far.test', prefix: 'before', sessions: 10, letters: 150 })
  await sleep(600)
  disk.fail()
  const refusals = await flood
  assert.ok(refusals.length > 0)
  for (const answer of refusals) assert.match(answer, /^45[12] 4\.3\.\d /)
  assert.match(stage.cartero.output, /read-only|readonly|EROFS/i)
  await stage.cartero.kill()
  disk.unmount()
  disk.repair()
  disk.mount()
  await stage.restart()
  assert.deepEqual(await stage.lost(), [])
  t.diagnostic(
    `${stage.promised.size} acknowledged, ${refusals.length} refused, 0 lost, ${stage.duplicates().size} came twice`,
  )
})

test(
  `power cuts while mail comes in and goes out (${CUTS}): what was acknowledged is found on the disk, or was sent`,
  { skip },
  async (t) => {
    const sum = { acknowledged: 0, twice: 0 }
    for (let cut = 0; cut < CUTS; cut++) {
      const { acknowledged, lost, twice } = await powerCut()
      assert.deepEqual(lost, [], `cut ${cut}`)
      sum.acknowledged += acknowledged
      sum.twice += twice
    }
    t.diagnostic(`${sum.acknowledged} acknowledged, 0 lost, ${sum.twice} came twice after ${CUTS} power cuts`)
  },
)

/** The process is frozen, what it has promised is noted, and then the disk is copied as it is. */
async function powerCut(): Promise<{ acknowledged: number; lost: readonly string[]; twice: number }> {
  using disk = SmallDisk.make(MEGABYTES)
  await using host = await CountingHost.start()
  host.script = (place, { line }) => {
    if (place !== 'RCPT') return undefined
    const last = Number(/<[^@]*(\d)@/.exec(line)![1])
    return last === 7
      ? '550 5.1.1 no such user'
      : last === 3 && Math.random() < 0.5
        ? '451 4.7.1 later'
        : undefined
  }
  const hosts = { 'far.test': host }
  const before = await RelayUnderFire.start({ hosts, data: join(disk.path, 'data') })
  const flood = before.flood({ domain: 'far.test', prefix: 'cut', sessions: 10 })
  await sleep(300 + 900 * Math.random())
  before.cartero.child.kill('SIGSTOP')
  // What it said before is on its way still.
  for (let taken = -1; taken !== host.taken + before.promised.size; await sleep(50))
    taken = host.taken + before.promised.size
  using after = disk.copy()
  await before.cartero.kill()
  await flood
  await using stage = await RelayUnderFire.start({ hosts, data: join(after.path, 'data') })
  for (const recipient of before.promised) stage.promised.add(recipient)
  const lost = await stage.lost()
  const found = { acknowledged: stage.promised.size, lost, twice: stage.duplicates().size }
  await before[Symbol.asyncDispose]()
  return found
}
