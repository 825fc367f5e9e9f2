import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MetricRegistry, silentLogger, type LogFields } from '@cartero/agent/telemetry'
import type { Delivery } from '@cartero/spool'
import { sentenceOf, type RecipientResult } from '@cartero/spool/notices'
import { RELAY_METRICS } from '../../src/metrics.ts'
import { relayEvents } from '../../src/relay-events.ts'
import { RelayStage } from './relay-stage.ts'

/** What is told of a delivery that ended with this. */
async function told(result: RecipientResult): Promise<LogFields> {
  await using stage = new RelayStage()
  await stage.send('far.test')
  stage.start()
  await stage.quiet()
  const [{ ending }] = stage.ended as [(typeof stage.ended)[number]]
  const lines: LogFields[] = []
  const logger = { ...silentLogger, warn: (_event: string, fields?: LogFields) => void lines.push(fields!) }
  const events = relayEvents(logger, new MetricRegistry().register(RELAY_METRICS))
  events.relayed({ ...ending, results: [result] }, { id: ending.load.delivery.id, state: 'delivered' })
  return lines[0]!
}

test('what an operator gives back is not told as an attempt', async () => {
  const failed = await told({ kind: 'failed', status: '5.1.1', reason: 'unknown' })
  assert.equal(typeof failed['attempt'], 'number')
  const returned = await told(sentenceOf({ sentence: 'return', reason: 'closed' } as Delivery)!)
  assert.equal(returned['attempt'], undefined)
  assert.equal(returned['reason'], 'returned by the operator; closed')
})
