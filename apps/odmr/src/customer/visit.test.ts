import assert from 'node:assert/strict'
import { test } from 'node:test'
import { replies } from '@cartero/smtp/server'
import { ManualClock } from '@cartero/wire'
import { DEFAULT_VISIT_LIMITS } from './limits.ts'
import { Tally } from './tally.ts'
import { Visit } from './visit.ts'

test('nobody is called while what waits there would go back to its senders', async () => {
  let called = 0
  const visit = new Visit({
    provider: {
      name: 'edge',
      host: 'edge.test',
      port: 366,
      domains: ['home.test'],
      username: 'fetch@home.test',
      password: 'secret',
      tls: 'starttls',
    },
    sid: 'fetch-1',
    hostname: 'home.test',
    receive: () => assert.fail('no connection was turned'),
    addressesOf: () => Promise.resolve([`127.0.0.${++called}`]),
    unready: ({ domains }) => Promise.resolve(`${domains.join()} is no domain of ours yet`),
    limits: DEFAULT_VISIT_LIMITS,
    clock: new ManualClock(),
  })
  const { end, reason, messages } = await visit.run()
  assert.deepEqual([end, reason, messages], ['broken', 'home.test is no domain of ours yet', 0])
  assert.equal(called, 0)
})

test('what was refused is told with what was taken', () => {
  const tally = new Tally()
  const refused = { kind: 'refused', reply: replies.noSuchMailbox, reason: 'x', fault: 'peer' } as const
  tally.observe({ ...refused, verb: 'HELP' })
  assert.equal(tally.refused, 0)
  tally.observe({ ...refused, verb: 'RCPT' })
  assert.equal(tally.refused, 1)
  assert.match(tally.refusal!, /^550 5\.1\.1 /)
})
