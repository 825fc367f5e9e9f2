import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'

import { OperatorError } from '@cartero/agent/lifecycle'
import { createLoggerTo } from '@cartero/agent/telemetry'
import { ManualClock } from '@cartero/wire'

import { ATTEMPT_EVERY, Service } from './service.ts'

const PATIENCE = 60_000

function waiting(answers: (() => string)[]) {
  const clock = new ManualClock()
  const lines: string[] = []
  const closed: string[] = []
  const service = new Service({
    name: 'broker',
    what: 'the broker at nats-1:4222',
    remedy: 'start it',
    patience: PATIENCE,
    clock,
    logger: createLoggerTo((line) => void lines.push(line)),
    open: async (closing) => {
      const it = (answers.length > 1 ? answers.shift()! : answers[0]!)()
      closing.defer(() => void closed.push(it))
      return it
    },
  })
  return { clock, lines, closed, service }
}

const away = (): string => {
  throw new Error('connection refused')
}

test('what is not there yet is waited for, told once, and used when it comes', async () => {
  const { clock, lines, closed, service } = waiting([away, away, () => 'there'])
  const started = service.start(new AbortController().signal)
  for (let attempt = 0; attempt < 2; attempt++) {
    await turn()
    assert.deepEqual(await service.health(), {
      status: 'failing',
      reason: 'waits for the broker at nats-1:4222: connection refused',
      hint: 'start it',
    })
    clock.advance(ATTEMPT_EVERY)
  }
  await started
  assert.equal(service.open, 'there')
  assert.deepEqual(await service.health(), { status: 'ok' })
  assert.equal(lines.length, 1)
  await service.stop()
  assert.deepEqual(closed, ['there'])
})

test('what does not come is given up in words for the operator', async () => {
  const { clock, service } = waiting([away])
  const started = service.start(new AbortController().signal)
  const failed = assert.rejects(started, (error) => {
    assert.ok(error instanceof OperatorError)
    assert.equal(error.message, 'the broker at nats-1:4222 was not there within 60 s: connection refused')
    assert.equal(error.remedy, 'start it')
    return true
  })
  for (let waited = 0; waited <= PATIENCE; waited += ATTEMPT_EVERY) {
    await turn()
    clock.advance(ATTEMPT_EVERY)
  }
  await failed
})

test('what an operator has to mend is told at once, and so is a bug', async () => {
  const refused = waiting([
    () => {
      throw new OperatorError('the password is wrong', 'mend it')
    },
  ])
  await assert.rejects(
    async () => refused.service.start(new AbortController().signal),
    /the password is wrong/,
  )
  const bug = waiting([
    () => {
      throw new TypeError('undefined is not a function')
    },
  ])
  await assert.rejects(async () => bug.service.start(new AbortController().signal), TypeError)
})

test('who is told to end while he waits ends', async () => {
  const { service } = waiting([away])
  const ending = new AbortController()
  const started = service.start(ending.signal)
  await turn()
  ending.abort(new Error('told to end'))
  await assert.rejects(started, /told to end/)
})
