import assert from 'node:assert/strict'
import { test } from 'node:test'

import {
  BUCKETS,
  counter,
  createLoggerTo,
  gauge,
  histogram,
  MetricRegistry,
  registerProcessMetrics,
  silentLogger,
} from './index.ts'
import { prettyLine } from './pretty.ts'

const declarations = {
  messages: counter({
    name: 'cartero_messages_total',
    doc: 'Messages by what became of them',
    labels: { service: ['msa', 'mta'], result: ['accepted', 'rejected'] },
  }),
  sessions: gauge({ name: 'cartero_sessions_active', doc: 'Sessions now' }),
  seconds: histogram({ name: 'cartero_command_seconds', doc: 'Time of a command', buckets: [0.1, 1] }),
}

test('an event is one line of JSON with its level, time, base and fields', () => {
  const lines: string[] = []
  const log = createLoggerTo((line) => void lines.push(line), 'info', { service: 'cartero' }).child({
    agent: 'msa',
  })
  log.debug('not.told')
  log.info('message.accepted', { queueId: '0K3M' })
  assert.equal(lines.length, 1)
  const { ts, ...rest } = JSON.parse(lines[0] as string) as Record<string, unknown>
  assert.deepEqual(rest, {
    level: 'info',
    service: 'cartero',
    agent: 'msa',
    queueId: '0K3M',
    event: 'message.accepted',
  })
  assert.match(String(ts), /^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
})

test('a field with a line break cannot forge a second line', () => {
  const lines: string[] = []
  createLoggerTo((line) => void lines.push(line)).warn('session.closed', { helo: 'a\n{"level":"fatal"}' })
  assert.equal(lines.join('').split('\n').length, 2)
})

test('an error keeps its stack in the log, and the event its name', () => {
  const lines: string[] = []
  createLoggerTo((line) => void lines.push(line)).error('agent.bug', { err: new Error('boom') })
  const line = JSON.parse(lines[0] as string) as { event: string; err: { message: string; stack: string } }
  assert.equal(line.event, 'agent.bug')
  assert.equal(line.err.message, 'boom')
  assert.match(line.err.stack, /telemetry\.test\.ts/)
})

test('what is not logged is cheap to ask for', () => {
  assert.equal(createLoggerTo(() => undefined, 'warn').enabled('info'), false)
  assert.equal(silentLogger.enabled('fatal'), false)
})

test('the line for people shows time, level, event and fields, and quotes what has blanks', () => {
  const line = {
    level: 'info',
    ts: '2026-11-23T12:03:04.123Z',
    agent: 'msa',
    event: 'e.f',
    a: 'x',
    b: 'y z',
    n: 3,
  }
  assert.equal(prettyLine(line, false), '12:03:04.123 info  msa e.f a=x b="y z" n=3\n')
})

test('every declared series is there before anything was counted, so that rates work from the start', async () => {
  const registry = new MetricRegistry()
  registry.register(declarations)
  const { text } = await registry.exposition()
  assert.match(
    text,
    /# HELP cartero_messages_total Messages by what became of them\n# TYPE cartero_messages_total counter\n/,
  )
  assert.match(text, /cartero_messages_total\{service="mta",result="rejected"\} 0\n/)
  assert.match(text, /cartero_sessions_active 0\n/)
})

test('the first scrape already tells the truth of the process', async () => {
  const registry = new MetricRegistry()
  registerProcessMetrics(registry)
  const { text } = await registry.exposition()
  const value = (series: string): number =>
    Number(
      text
        .split('\n')
        .find((line) => line.startsWith(`${series} `))
        ?.split(' ')[1],
    )
  assert.ok(value('cartero_process_cpu_seconds_total') > 0.01)
  assert.ok(value('cartero_process_resident_memory_bytes') > 10_000_000)
  assert.ok(Math.abs(value('cartero_process_start_time_seconds') - performance.timeOrigin / 1000) < 2)
  assert.ok(value('cartero_event_loop_delay_seconds{quantile="max"}') < 60)
  assert.doesNotMatch(text, /NaN/i)
})

test('what was counted is what is scraped', async () => {
  const registry = new MetricRegistry()
  const { messages, sessions, seconds } = registry.register(declarations)
  messages.add({ service: 'msa', result: 'accepted' })
  messages.add({ service: 'msa', result: 'accepted' }, 2)
  let now = 4
  sessions.read({}, () => now)
  now = 5
  for (const value of [0.05, 0.1, 0.5, 7]) seconds.observe({}, value)
  const { text } = await registry.exposition()
  assert.match(text, /cartero_messages_total\{service="msa",result="accepted"\} 3\n/)
  assert.match(text, /cartero_sessions_active 5\n/)
  assert.match(text, /cartero_command_seconds_bucket\{le="0.1"\} 2\n/)
  assert.match(text, /cartero_command_seconds_bucket\{le="1"\} 3\n/)
  assert.match(text, /cartero_command_seconds_bucket\{le="\+Inf"\} 4\n/)
  assert.match(text, /cartero_command_seconds_sum 7.65\n/)
  assert.match(text, /cartero_command_seconds_count 4\n/)
})

test('a label value that nobody declared is refused: series never grow with traffic', () => {
  const { messages } = new MetricRegistry().register(declarations)
  assert.throws(
    () => messages.add({ service: 'msa', result: 'alice@example.com' as 'accepted' }),
    /declares no series/,
  )
})

test('a metric with too many series or a bad name is refused where it is declared', () => {
  const many = Array.from({ length: 21 }, (_, index) => String(index))
  assert.throws(
    () => gauge({ name: 'cartero_x', doc: '', labels: { a: many, b: many } }),
    /441 series, more than 400/,
  )
  assert.throws(() => gauge({ name: 'messages', doc: '' }), /must be named cartero_/)
  assert.throws(() => counter({ name: 'cartero_messages', doc: '' }), /must end in _total/)
})

test('two agents in one process share a metric; two meanings of one name are an error', () => {
  const registry = new MetricRegistry()
  const first = registry.register(declarations)
  assert.equal(registry.register(declarations).messages, first.messages)
  const other = { messages: counter({ name: 'cartero_messages_total', doc: 'Something else' }) }
  assert.throws(() => registry.register(other), /declared twice/)
})

test('buckets ascend, or the cumulative counts would lie', () => {
  for (const bounds of Object.values(BUCKETS))
    assert.deepEqual(
      [...bounds],
      bounds.toSorted((a, b) => a - b),
    )
})

test('what a stranger says does nothing on the terminal that the log is read on', () => {
  const lines: string[] = []
  const said = {
    reply: '250 \u{9b}31m\u{7f}\u{202e}',
    helo: '\u{1b}[2J',
    err: new Error('\u{1b}]0;owned\u{7}'),
  }
  createLoggerTo((line) => void lines.push(line)).info('message.relayed', said)
  const [line = ''] = lines
  assert.doesNotMatch(line.trimEnd(), /[\p{Cc}\u{202e}]/u)
  const read = JSON.parse(line) as Record<string, unknown>
  assert.equal(read['reply'], said.reply)
  assert.doesNotMatch(prettyLine(read, false).replaceAll('\n', ''), /[\p{Cc}\u{202e}]/u)
})
