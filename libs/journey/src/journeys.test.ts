import assert from 'node:assert/strict'
import { test } from 'node:test'

import { findJourneys, type JourneyEvent } from './index.ts'
import { MOST_EVENTS_OF_A_MESSAGE, MOST_LINKED_MESSAGES, MOST_SEARCHED_EVENTS } from './journeys.ts'
import { MemoryJournal } from './memory/index.ts'

const signal = AbortSignal.timeout(10_000)

function told(...events: readonly (readonly [string, JourneyEvent['fields']])[]): MemoryJournal {
  const journal = new MemoryJournal()
  events.forEach(([event, fields], at) => journal.tell({ at, event, agent: 'mta', fields }))
  return journal
}

const RETURNED = [
  [
    'message.submitted',
    { qid: 'Q1', from: 'alice@example.org', to: ['bob@example.net'], msgid: '<1@example.org>' },
  ],
  ['message.submitted', { qid: 'Q9', from: 'eve@example.org', to: ['mallory@example.net'] }],
  ['message.returned', { qid: 'Q1', to: 'bob@example.net' }],
  ['notice.sent', { qid: 'Q2', about: 'Q1', to: 'alice@example.org' }],
  ['message.relayed', { qid: 'Q2', to: 'alice@example.org' }],
] as const

async function journeysOf(journal: MemoryJournal, key: string, limit = 20) {
  const { messages, others, isCut } = await findJourneys(journal, { key, limit }, signal)
  const named = messages.map(({ qid, events }) => [qid, ...events.map(({ event }) => event)])
  return { messages: named, others: others.map(({ event }) => event), isCut }
}

test('a message is told with its notice, whichever of the two is asked for, and by whatever name', async () => {
  const whole = [
    ['Q1', 'message.submitted', 'message.returned', 'notice.sent'],
    ['Q2', 'notice.sent', 'message.relayed'],
  ]
  for (const key of ['Q1', 'q2', 'bob@example.net', 'Alice@Example.org', '1@example.org'])
    assert.deepEqual(
      await journeysOf(told(...RETURNED), key),
      { messages: whole, others: [], isCut: false },
      key,
    )
})

test('what was refused is told, although it never was a message', async () => {
  const journal = told(
    ['message.rejected', { to: 'nobody@example.net', from: 'alice@example.org', reason: 'no such user' }],
    ['message.received', { qid: 'Q1', from: 'alice@example.org', to: ['bob@example.net'] }],
  )
  assert.deepEqual(await journeysOf(journal, 'nobody@example.net'), {
    messages: [],
    others: ['message.rejected'],
    isCut: false,
  })
  assert.equal((await journeysOf(journal, 'alice@example.org')).messages.length, 1)
})

test('of many messages the newest are told, and that there are more', async () => {
  const many = Array.from(
    { length: 30 },
    (_, i) => ['message.received', { qid: `Q${i}`, to: 'bob@example.net' }] as const,
  )
  const { messages, isCut } = await journeysOf(told(...many), 'bob@example.net', 2)
  assert.deepEqual(messages, [
    ['Q28', 'message.received'],
    ['Q29', 'message.received'],
  ])
  assert.equal(isCut, true)
})

test('an address that is a queue id elsewhere does not bring the wrong message', async () => {
  const journal = told(
    ['message.received', { qid: 'Q1', from: 'q2', to: ['bob@example.net'] }],
    ['message.received', { qid: 'Q2', to: ['carol@example.net'] }],
  )
  const { messages } = await findJourneys(journal, { key: 'carol@example.net', limit: 5 }, signal)
  assert.deepEqual(
    messages.map(({ qid, events }) => [qid, events.length]),
    [['Q2', 1]],
  )
})

test('notices that go round in a circle are told once', async () => {
  const journal = told(
    ['notice.sent', { qid: 'Q1', about: 'Q2' }],
    ['notice.sent', { qid: 'Q2', about: 'Q1' }],
  )
  assert.equal((await journeysOf(journal, 'Q1')).messages.length, 2)
})

test('MOST_SEARCHED_EVENTS: of an address with more, it is said that there is more', async () => {
  const received = (qid: string) => ['message.received', { qid, to: 'bob@example.net' }] as const
  const others = Array.from({ length: MOST_SEARCHED_EVENTS - 1 }, () => received('Q1'))
  assert.equal((await journeysOf(told(...others), 'bob@example.net')).isCut, false)
  const { messages, isCut } = await journeysOf(
    told(received('Q0'), ...others, received('Q1')),
    'bob@example.net',
  )
  assert.deepEqual([messages.map(([qid]) => qid), isCut], [['Q1'], true])
})

test('MOST_EVENTS_OF_A_MESSAGE: of a message that is tried without end the newest attempts are told', async () => {
  const attempts = Array.from(
    { length: MOST_EVENTS_OF_A_MESSAGE + 5 },
    () => ['message.deferred', { qid: 'Q1' }] as const,
  )
  const { messages } = await findJourneys(told(...attempts), { key: 'Q1', limit: 1 }, signal)
  assert.equal(messages[0]!.events.length, MOST_EVENTS_OF_A_MESSAGE)
  assert.equal(messages[0]!.events.at(-1)!.at, attempts.length - 1)
})

test('MOST_LINKED_MESSAGES: a chain of notices about notices has an end', async () => {
  const chain = Array.from(
    { length: MOST_LINKED_MESSAGES + 5 },
    (_, i) => ['notice.sent', { qid: `Q${i + 1}`, about: `Q${i}` }] as const,
  )
  assert.equal((await journeysOf(told(...chain), 'Q0', 1)).messages.length, MOST_LINKED_MESSAGES + 1)
})
