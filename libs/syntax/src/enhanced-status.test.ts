import assert from 'node:assert/strict'
import { test } from 'node:test'
import { enhancedStatus, parseEnhancedStatus, splitEnhancedStatus } from './enhanced-status.ts'

test('a status is made of severity and reason', () => {
  assert.equal(enhancedStatus(5, 'badDestinationMailbox'), '5.1.1')
  assert.equal(enhancedStatus(4, 'mailboxFull'), '4.2.2')
})

test('a status is taken from the start of a reply', () => {
  assert.deepEqual(splitEnhancedStatus('5.1.1 no such user'), { status: '5.1.1', rest: 'no such user' })
  assert.deepEqual(splitEnhancedStatus('2.0.0'), { status: '2.0.0', rest: '' })
})

test('a text that begins with numbers is not taken for a status', () => {
  for (const text of ['3.1.1 x', '5.1 x', '5.1.1234 x', '5.1.1.1 x', '5.1.1-x', 'x 5.1.1', '55.1.1 x']) {
    assert.equal(splitEnhancedStatus(text), undefined, text)
  }
  assert.equal(parseEnhancedStatus('5.1.1 x'), undefined)
  assert.equal(parseEnhancedStatus('5.1.1'), '5.1.1')
})
