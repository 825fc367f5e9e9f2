import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JourneyEvent } from '@cartero/journey'
import type { DeliverySummary } from '@cartero/spool'

import { journeyLines, otherLines } from './journey-page.ts'

const AT = Date.UTC(2026, 10, 23, 12, 0, 0)

function event(name: string, after: number, fields: JourneyEvent['fields']): JourneyEvent {
  return { at: AT + after, event: name, agent: name.endsWith('submitted') ? 'msa' : 'mta', fields }
}

const SUBMITTED = event('message.submitted', 0, {
  qid: 'Q1',
  sid: '7-1',
  peer: '192.0.2.1',
  account: 'alice@example.org',
  from: 'alice@example.org',
  to: ['bob@example.net', 'carol@example.com'],
  size: 4096,
  msgid: '<1@example.org>',
})

const DELIVERY = {
  id: 'Q1.1',
  queueId: 'Q1',
  reversePath: 'alice@example.org',
  recipients: ['carol@example.com'],
  destination: 'example.com',
  size: 4096,
  acceptedAt: AT,
} as unknown as Omit<DeliverySummary, 'state' | 'attempts'>

test('each recipient has his line, with what the host said, word by word, and when it is tried again', () => {
  const relayed = {
    qid: 'Q1',
    delay: 0.2,
    to: ['bob@example.net'],
    reply: '250 2.0.0 Ok: queued as "4D"',
    tls: 'TLSv1.3 dane',
    host: 'mx1.example.net',
    address: '198.51.100.7',
  }
  const deferred = {
    qid: 'Q1',
    to: 'carol@example.com',
    reply: '451 4.7.1 come back later',
    status: '4.7.1',
    reason: 'mx2.example.com said to RCPT: 451 4.7.1 come back later',
    attempt: 1,
    next: '2026-11-23T12:05:00.000Z',
  }
  const events = [
    SUBMITTED,
    event('message.relayed', 1_204, relayed),
    event('message.deferred', 61_500, deferred),
  ]
  assert.deepEqual(journeyLines({ qid: 'Q1', events }, []), [
    'Q1 from <alice@example.org> to <bob@example.net>, <carol@example.com>, 4096 octets, Message-ID <1@example.org>',
    '  2026-11-23T12:00:00.000Z  +0.000s   msa  submitted  <bob@example.net>, <carol@example.com> account=alice@example.org peer=192.0.2.1 sid=7-1',
    '  2026-11-23T12:00:01.204Z  +1.204s   mta  relayed    <bob@example.net> host=mx1.example.net address=198.51.100.7 tls="TLSv1.3 dane" reply="250 2.0.0 Ok: queued as \\"4D\\"" delay=0.2',
    '  2026-11-23T12:01:01.500Z  +61.500s  mta  deferred   <carol@example.com> reply="451 4.7.1 come back later" status=4.7.1 attempt=1 next=2026-11-23T12:05:00.000Z',
  ])
})

test('what still waits is told, and what is done is not', () => {
  const waiting: DeliverySummary[] = [
    { ...DELIVERY, state: 'delivered', attempts: 1 },
    { ...DELIVERY, state: 'deferred', attempts: 3, notBefore: AT, reason: 'no route to host' },
    { ...DELIVERY, state: 'held', attempts: 0, reason: 'by the operator' },
    { ...DELIVERY, state: 'ready', attempts: 0, destination: '' },
    { ...DELIVERY, state: 'failed', attempts: 1, reason: 'nobody to tell' },
  ]
  assert.deepEqual(journeyLines({ qid: 'Q1', events: [SUBMITTED] }, waiting).slice(2), [
    '  waits for example.com: <carol@example.com>, tried 3 times, not before 2026-11-23T12:00:00.000Z, since "no route to host"',
    '  is held for example.com: <carol@example.com>, since "by the operator"',
    '  waits to be tried for a route: <carol@example.com>',
    '  is a dead letter for example.com: <carol@example.com>, tried once, since "nobody to tell"',
  ])
})

test('a letter to half the world does not fill the screen', () => {
  const to = Array.from({ length: 1_000 }, (_, i) => `user${i}@example.net`)
  const [head, line] = journeyLines(
    { qid: 'Q1', events: [event('message.received', 0, { qid: 'Q1', from: '', to })] },
    undefined,
  )
  assert.match(head!, /^Q1 from <> to <user0@example\.net>, .*, <user9@example\.net> and 990 others$/)
  assert.ok(line!.length < 400)
})

test('an event that nobody foresaw is told with all that it says', () => {
  const events = [
    event('message.odd', 0, { qid: 'Q1', list: ['a', 'b c'], deep: { x: 1 }, nothing: undefined, yes: true }),
  ]
  assert.deepEqual(journeyLines({ qid: 'Q1', events }, undefined), [
    'Q1',
    '  2026-11-23T12:00:00.000Z  +0.000s  mta  odd  list=a,"b c" deep=x:1 yes=true',
  ])
})

test('a notice says what it is about, and the message which notice there was', () => {
  const notice = event('notice.sent', 5, {
    qid: 'Q2',
    about: 'Q1',
    to: 'alice@example.org',
    told: ['failed carol@example.com'],
  })
  assert.equal(
    journeyLines({ qid: 'Q2', events: [notice] }, [])[0],
    'Q2 notice about Q1 to <alice@example.org>',
  )
  assert.match(
    journeyLines({ qid: 'Q1', events: [SUBMITTED, notice] }, [])[2]!,
    /notice\.sent {2}<alice@example\.org> qid=Q2 about=Q1 told="failed carol@example\.com"$/,
  )
})

test('who was turned away is told with the sender that he named', () => {
  const rejected = event('message.rejected', 0, {
    peer: '192.0.2.9',
    from: 'eve@example.org',
    to: 'bob@example.net',
    at: 'rcpt',
    reason: '550 5.1.1 No such mailbox here',
  })
  assert.match(
    otherLines([rejected])[0]!,
    / rejected {2}<bob@example\.net> peer=192\.0\.2\.9 reason="550 5\.1\.1 No such mailbox here" from=<eve@example\.org> at=rcpt$/,
  )
})
