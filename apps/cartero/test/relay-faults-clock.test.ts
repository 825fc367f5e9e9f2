// A clock that is set while mail waits and goes: nothing is lost, nothing expires that has not had its time. Set ahead, retries go
// on; set back, what waits for a time does so until that time comes again, or until somebody says otherwise.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { setTimeout as sleep } from 'node:timers/promises'
import { CountingHost } from './counting-host.ts'
import { RelayUnderFire } from './relay-under-fire.ts'

const HOUR_MS = 3_600_000
const PRELOADED = fileURLToPath(new URL('jumping-clock.ts', import.meta.url))

/** A file that says by how much the clock is off, and what makes a process heed it. */
function jumpingClock(context: TestContext): {
  env: Record<string, string>
  set(milliseconds: number): void
} {
  const folder = mkdtempSync(join(tmpdir(), 'cartero-clock-'))
  context.after(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'offset')
  const set = (milliseconds: number): void => writeFileSync(file, String(milliseconds))
  set(0)
  return { env: { JUMPING_CLOCK: file, NODE_OPTIONS: `--import=${PRELOADED}` }, set }
}

/** As an operator does, who looks again: what is under way when he says it is not deferred yet. */
async function retryUntil(stage: RelayUnderFire, over: Promise<unknown>): Promise<void> {
  const isOver = over.then(() => true)
  while (!(await Promise.race([isOver, sleep(250, false)])))
    await stage.change({ state: 'deferred' }, { kind: 'retry' })
}

describe('a clock that is set', () => {
  for (const [how, jump] of [
    ['forward by a day', 24 * HOUR_MS],
    ['backward by an hour', -HOUR_MS],
  ] as const)
    test(`${how} loses nothing and gives nothing up`, async (context) => {
      const clock = jumpingClock(context)
      await using far = await CountingHost.start()
      await using busy = await CountingHost.start()
      let isBusy = true
      const tried = { times: 0 }
      busy.script = (place) => {
        if (place !== 'RCPT') return undefined
        tried.times++
        return isBusy ? '451 4.7.1 come again' : undefined
      }
      const hosts = { 'far.test': far, 'busy.test': busy }
      await using stage = await RelayUnderFire.start({ hosts, env: clock.env })
      await stage.flood({ domain: 'busy.test', prefix: 'before', sessions: 5, letters: 20 })
      const flood = stage.flood({ domain: 'far.test', prefix: 'across', sessions: 5, letters: 100 })
      await sleep(100)
      clock.set(jump)
      await flood
      const enough = jump > 0 ? tried.times + 300 : 0
      await stage.flood({ domain: 'busy.test', prefix: 'after', sessions: 5, letters: 20 })
      assert.deepEqual(await stage.lost((recipient) => !recipient.startsWith('across')), [])
      for (let i = 0; tried.times < enough; i++) {
        assert.ok(i < 500, `${enough - tried.times} attempts are missing after the clock was set`)
        await sleep(40)
      }
      isBusy = false
      const lost = stage.lost()
      await retryUntil(stage, lost)
      assert.deepEqual(await lost, [])
      // A notice of delay is fine after a day; nothing is given back.
      assert.deepEqual(await stage.failures(), [])
      assert.equal(stage.duplicates().size, 0)
      context.diagnostic(`${stage.promised.size} acknowledged, 0 lost, 0 came twice`)
    })
})
