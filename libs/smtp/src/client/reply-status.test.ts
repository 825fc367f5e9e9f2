import assert from 'node:assert/strict'
import { test } from 'node:test'
import { replyStatus } from './reply-status.ts'
import { replyWords, WORDS_LIMITS } from './reply-words.ts'

test('the status of a server counts where it says the same as the outcome, else its code does, by the stage', () => {
  const said = (code: number, status?: '4.2.2' | '5.7.1') => ({
    code,
    lines: ['x'],
    ...(status && { status }),
  })
  for (const [kind, reply, stage, expected] of [
    ['failed', said(550, '5.7.1'), 'RCPT', '5.7.1'],
    ['failed', said(550, '4.2.2'), 'RCPT', '5.1.1'],
    ['deferred', said(552, '5.7.1'), 'RCPT', '4.5.3'],
    ['deferred', said(452), 'RCPT', '4.5.3'],
    ['deferred', said(452), 'MAIL', '4.3.1'],
    ['failed', said(550), 'end of data', '5.7.1'],
    ['failed', said(554), 'greeting', '5.3.2'],
    ['deferred', said(421), 'MAIL', '4.3.2'],
    ['failed', said(577), 'MAIL', '5.0.0'],
    ['delivered', said(250), 'end of data', '2.0.0'],
  ] as const)
    assert.equal(replyStatus({ kind, reply, stage }), expected, `${kind} ${reply.code} ${stage}`)
})

test('the words of a server are told as they came, and not without end', () => {
  assert.equal(
    replyWords({ code: 550, status: '5.1.1', lines: ['no', 'really'] }),
    '550-5.1.1 no\n550 5.1.1 really',
  )
  assert.equal(replyWords({ code: 550, lines: ['no'] }), '550 no')
  assert.equal(replyWords({ code: 550, lines: ['x'.repeat(5_000)] }).length, WORDS_LIMITS.characters + 4)
  const many = replyWords({ code: 550, lines: Array.from({ length: 200 }, () => 'x') }).split('\n')
  assert.deepEqual([many.length, many.at(-1)], [WORDS_LIMITS.lines + 1, '550 ...'])
})
