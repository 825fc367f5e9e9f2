import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLoggerTo, silentLogger, type LogLevel } from '@cartero/agent/telemetry'
import { ManualClock } from '@cartero/wire'

import { journalled } from './index.ts'
import { MemoryJournal } from './memory/index.ts'

function stage(level: LogLevel) {
  const journal = new MemoryJournal()
  const clock = new ManualClock()
  const lines: Record<string, unknown>[] = []
  const inner = createLoggerTo((line) => void lines.push(JSON.parse(line) as Record<string, unknown>), level)
  const told = (): string[] => journal.events.map(({ event }) => event)
  return { journal, clock, lines, told, log: journalled(inner, journal, clock) }
}

test('what happens to a message is told to the journal and to the log, with the agent whose event it is', () => {
  const { journal, clock, lines, log } = stage('info')
  log.child({ agent: 'mta' }).info('message.received', { qid: 'Q1', to: ['bob@example.org'] })
  const fields = { qid: 'Q1', to: ['bob@example.org'] }
  assert.deepEqual(journal.events, [{ at: clock.now(), event: 'message.received', agent: 'mta', fields }])
  assert.equal(lines[0]?.['event'], 'message.received')
  assert.equal(lines[0]?.['agent'], 'mta')
})

test('a quiet log does not make the journal forget', () => {
  const { lines, told, log } = stage('error')
  const child = log.child({ agent: 'mda' })
  // Agents ask before they gather the fields.
  if (child.enabled('info')) child.info('message.delivered', { qid: 'Q1' })
  child.warn('message.deferred', { qid: 'Q1' })
  assert.deepEqual(told(), ['message.delivered', 'message.deferred'])
  assert.deepEqual(lines, [])
  assert.equal(child.enabled('debug'), false)
})

test('a customer who fetches mail is told of, and found by his account and by his domains', async () => {
  const { journal, log } = stage('silent')
  const fields = { account: 'fetch@home.test', domains: ['home.test', 'cabin.test'], peer: '192.0.2.7' }
  log.child({ agent: 'mta' }).info('turn.ended', { ...fields, how: 'complete', messages: 3 })
  log.child({ agent: 'mta' }).debug('turn.refused', { ...fields, reason: 'nothing' })
  for (const key of ['Fetch@home.test', 'cabin.test', '192.0.2.7']) {
    const found = await journal.find({ key, limit: 5 }, AbortSignal.timeout(5_000))
    assert.deepEqual(
      found.map(({ event }) => event),
      ['turn.ended'],
      key,
    )
  }
})

test('what is not about messages stays out of the journal', () => {
  const { lines, told, log } = stage('trace')
  log.info('auth.succeeded', { account: 'alice@example.org' })
  log.info('account.added', { account: 'alice@example.org' })
  log.debug('message.appended', { account: 'alice@example.org' })
  log.info('messages', {})
  assert.deepEqual(told(), [])
  assert.equal(lines.length, 4)
})

test('messages, notices and clients that were turned away are told, at every level that matters', () => {
  const { told, log } = stage('silent')
  log.info('notice.sent', { qid: 'Q2', about: 'Q1' })
  log.warn('session.rejected', { peer: '192.0.2.1' })
  log.error('message.dead', { qid: 'Q1' })
  log.fatal('message.lost')
  assert.deepEqual(told(), ['notice.sent', 'session.rejected', 'message.dead', 'message.lost'])
})

test('fields of a child are in its events, and an error has its words', () => {
  const { journal, log } = stage('silent')
  log
    .child({ agent: 'mta', host: 'mx1' })
    .child({ agent: 'relay' })
    .warn('message.deferred', {
      qid: 'Q1',
      err: new Error('connection reset'),
    })
  const [event] = journal.events
  assert.equal(event?.agent, 'relay')
  assert.deepEqual(event?.fields, { host: 'mx1', qid: 'Q1', err: 'connection reset' })
})

test('a logger that tells nobody still tells the journal', () => {
  const journal = new MemoryJournal()
  journalled(silentLogger, journal, new ManualClock())
    .child({ agent: 'msa' })
    .info('message.submitted', { qid: 'Q1' })
  assert.equal(journal.events.length, 1)
})
