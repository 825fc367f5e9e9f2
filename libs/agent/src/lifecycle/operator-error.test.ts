import assert from 'node:assert/strict'
import { test } from 'node:test'

import { explainSystemError, OperatorError } from './index.ts'

test('an errno becomes a sentence and a remedy, and keeps its cause', () => {
  const cause = Object.assign(new Error('mkdir'), { code: 'EROFS' })
  const error = explainSystemError(cause, 'make /data')
  assert.ok(error instanceof OperatorError)
  assert.equal(error.message, 'cannot make /data: the file system is read-only (EROFS)')
  assert.equal(error.remedy, 'choose a path that can be written')
  assert.equal(error.cause, cause)
})

test('a bug is not dressed up as a fault of the operator', () => {
  const bug = new TypeError('x is not a function')
  assert.equal(explainSystemError(bug, 'start'), bug)
})
