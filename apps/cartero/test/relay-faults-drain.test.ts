// The end of a process with mail on its way, and a letter that ends every process.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { CountingHost, DROP, SILENCE } from './counting-host.ts'
import { RelayUnderFire } from './relay-under-fire.ts'

test('SIGTERM with hosts that are slow or silent ends in time; what was not sent is sent by the next process', async (t) => {
  await using slow = await CountingHost.start()
  await using silent = await CountingHost.start()
  slow.script = async (place) => {
    if (place === 'end') await sleep(50)
    return undefined
  }
  silent.script = (place) => (place === 'end' ? SILENCE : undefined)
  const hosts = { 'slow.test': slow, 'silent.test': silent }
  await using stage = await RelayUnderFire.start({ hosts, lines: 'drain: 2s\n' })
  const floods = Object.keys(hosts).map((domain) => stage.flood({ domain, prefix: domain, sessions: 5 }))
  await sleep(700)
  const begun = performance.now()
  assert.equal(await stage.cartero.stop(), 0, stage.cartero.output)
  const took = performance.now() - begun
  await Promise.all(floods)
  silent.script = () => undefined
  slow.script = () => undefined
  await stage.restart()
  assert.deepEqual(await stage.lost(), [])
  const duplicates = stage.duplicates()
  t.diagnostic(
    `${stage.promised.size} acknowledged, 0 lost, ${duplicates.size} twice; it took ${Math.round(took)} ms`,
  )
  // One in flight of each connection is cut when the time is over; the slow host's are all waited for.
  assert.equal(duplicates.size, 0)
})

test('a letter that ends the process each time it is sent is held with the reason, and others go on', async () => {
  await using host = await CountingHost.start()
  await using stage = await RelayUnderFire.start({ hosts: { 'far.test': host } })
  let crashes = 0
  host.script = async (place, { recipients }) => {
    if (place !== 'end' || !recipients[0]!.startsWith('poison')) return undefined
    // It is sent before it is known here that the process has started.
    while (!stage.cartero.running) await sleep(5)
    crashes++
    stage.cartero.child.kill('SIGKILL')
    return DROP
  }
  const letters = { domain: 'far.test', sessions: 1, letters: 1 }
  await stage.flood({ ...letters, prefix: 'poison' })
  for (let start = 1; ; start++) {
    assert.ok(start < 15, `it was sent ${crashes} times, and is not held`)
    await stage.cartero.kill()
    await stage.restart()
    await stage.flood({ ...letters, prefix: `other${start}` })
    const held = await waitFor(async () => {
      if (!stage.cartero.running) return 'crashed'
      const { deliveries } = await stage
        .queue((queue) => queue.list({ state: 'held' }, 10))
        .catch(() => ({ deliveries: [] }))
      // Of a stopped system the queue is told, too.
      return stage.cartero.running && !stage.cartero.child.killed ? deliveries[0] : 'crashed'
    })
    if (held === 'crashed') continue
    assert.match(held.reason!, /the process ended 5 times/)
    assert.deepEqual(held.recipients, ['poison-0-0@far.test'])
    break
  }
  assert.deepEqual(await stage.lost((recipient) => recipient.startsWith('poison')), [])
})

async function waitFor<T>(look: () => Promise<T | undefined>): Promise<T> {
  for (let i = 0; i < 400; i++) {
    const found = await look()
    if (found !== undefined) return found
    await sleep(25)
  }
  throw new Error('it did not come to that')
}
