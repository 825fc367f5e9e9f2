import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { createLoggerTo, MetricRegistry } from '@cartero/agent/telemetry'

import type { CarteroConfig } from './config.ts'
import { dataFolder } from './data-folder.ts'
import { journeyRecord, MOST_EVENTS_TOLD, type JourneyRecord } from './journey.ts'

const signal = AbortSignal.timeout(10_000)

function record(context: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'cartero-journey-'))
  const lines: string[] = []
  const metrics = new MetricRegistry()
  const journey: JourneyRecord = journeyRecord({
    config: { journey: { keep: 86_400_000, size: 16_000_000 } } as CarteroConfig,
    data: dataFolder(folder),
    logger: createLoggerTo((line) => void lines.push(line), 'warn'),
    metrics,
  })
  context.after(async () => {
    await journey.component.stop?.()
    rmSync(folder, { recursive: true, force: true })
  })
  return { journey, lines, metrics, folder }
}

test('a folder that cannot be used keeps nobody from starting; the operator sees that, and what is lost', async (context) => {
  const { journey, lines, metrics, folder } = record(context)
  writeFileSync(join(folder, 'journey'), 'in the way')
  await journey.component.start?.(signal)
  journey.logger.info('message.received', { qid: 'Q1' })
  assert.deepEqual(await journey.verbs['journey.find']({ key: 'Q1', limit: 1 }, signal), [])
  const health = await journey.component.health?.()
  assert.equal(health?.status, 'degraded')
  assert.equal(lines.filter((line) => line.includes('journey.trouble')).length, 1)
  assert.match((await metrics.exposition()).text, /^cartero_journey_dropped_total 1$/m)
})

test('a question that comes through the socket is looked at before it is answered', async (context) => {
  const { journey } = record(context)
  await journey.component.start?.(signal)
  for (let i = 0; i < 3; i++) journey.logger.info('message.received', { qid: 'Q1', i })
  const find = journey.verbs['journey.find'] as (question: unknown, signal: AbortSignal) => Promise<unknown[]>
  for (const nonsense of [undefined, null, 'Q1', {}, { key: 7 }])
    await assert.rejects(find(nonsense, signal), /is missing/)
  assert.equal((await find({ key: 'Q1', since: 'then', limit: MOST_EVENTS_TOLD * 10 }, signal)).length, 3)
  assert.equal((await find({ key: 'Q1', limit: -5 }, signal)).length, 1)
  assert.equal((await journey.component.health?.())?.status, 'ok')
})
