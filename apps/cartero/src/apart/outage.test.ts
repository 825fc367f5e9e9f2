import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SpoolError } from '@cartero/spool'
import { ManualClock } from '@cartero/wire'

import { Outage } from './outage.ts'

function watched(): { readonly outage: Outage; readonly clock: ManualClock; readonly lines: unknown[] } {
  const lines: unknown[] = []
  const clock = new ManualClock()
  const logger = {
    warn: (event: string, fields?: object) => lines.push([event, fields]),
    info: (event: string) => lines.push([event]),
  }
  const outage = new Outage({ logger, event: 'spool.trouble', over: 'spool.recovered', clock })
  return { outage, clock, lines }
}

test('what is away for an hour does not fill the log, and its return is told once', () => {
  const { outage, clock, lines } = watched()
  for (let i = 0; i < 120; i++) {
    outage.trouble(new SpoolError('unavailable', 'nobody answers'))
    clock.advance(30_000)
  }
  assert.deepEqual(lines, [['spool.trouble', { reason: 'nobody answers' }]])
  clock.advance(60_000)
  assert.deepEqual(lines.slice(1), [['spool.recovered']])
  outage.trouble(new SpoolError('unavailable', 'nobody answers'))
  assert.equal(lines.length, 3)
})

test('another reason is told, too, and not every new one for ever', () => {
  const { outage, lines } = watched()
  for (let i = 0; i < 100; i++) outage.trouble(new SpoolError('unavailable', `attempt ${i}`))
  assert.equal(lines.length, 5)
})

test('what nobody foresaw is told with where it came from', () => {
  const { outage, lines } = watched()
  const bug = new TypeError('undefined is no function')
  outage.trouble(bug)
  assert.deepEqual(lines, [['spool.trouble', { err: bug }]])
})
