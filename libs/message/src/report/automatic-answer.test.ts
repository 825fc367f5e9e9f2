import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HeaderBlock } from '../header-block.ts'
import { mayAnswerAutomatically, type AnswerContext } from './automatic-answer.ts'
import { automaticFields } from './automatic-fields.ts'

const header = (...lines: string[]): HeaderBlock =>
  HeaderBlock.parse(Buffer.from(`${lines.join('\r\n')}\r\n\r\n`))

function answer(reversePath: string, lines: readonly string[] = [], context: AnswerContext = {}): string {
  const decision = mayAnswerAutomatically(header('From: ann@example.com', ...lines), reversePath, context)
  return decision.may ? 'may' : decision.reason
}

test('a person is answered', () => {
  assert.equal(answer('ann@example.com'), 'may')
  assert.equal(
    answer('ann@example.com', ['Auto-Submitted: no', 'Precedence: normal', 'X-List-Idea: x']),
    'may',
  )
  assert.equal(answer('bob.request@example.com'), 'may')
})

test('machines do not answer machines', () => {
  for (const [reason, reversePath, ...lines] of [
    ['null sender', ''],
    ['role sender', 'MAILER-DAEMON@example.com'],
    ['role sender', 'owner-list@example.com'],
    ['role sender', 'list-request@example.com'],
    ['role sender', 'list-bounces@example.com'],
    ['role sender', 'no-reply@example.com'],
    ['role sender', 'bounces+ann=example.org@example.com'],
    ['automatic', 'ann@example.com', 'Auto-Submitted: auto-generated'],
    ['automatic', 'ann@example.com', 'Auto-Submitted: (c) Auto-Replied; x=y'],
    ['automatic', 'ann@example.com', 'Auto-Submitted: no', 'Auto-Submitted: auto-notified'],
    ['list', 'ann@example.com', 'List-Id: <list.example.com>'],
    ['list', 'ann@example.com', 'LIST-UNSUBSCRIBE: <https://example.com>'],
    ['bulk', 'ann@example.com', 'Precedence: Bulk'],
    ['bulk', 'ann@example.com', 'Precedence: list'],
    ['suppressed', 'ann@example.com', 'X-Auto-Response-Suppress: DR, OOF'],
    ['report', 'ann@example.com', 'Content-Type: multipart/report; boundary=x'],
  ] as const)
    assert.equal(answer(reversePath, lines), reason, `${reversePath} ${lines.join()}`)
})

test('nobody answers himself, and a person only those who wrote to him', () => {
  const context = { self: ['Bob@Example.org', 'b@example.org'] }
  assert.equal(answer('bob@example.org', [], context), 'own address')
  const personal = { ...context, personal: true }
  assert.equal(answer('ann@example.com', ['To: undisclosed-recipients:;'], personal), 'not addressed')
  assert.equal(answer('ann@example.com', ['To: x@y', 'Cc: c@d, "B" <B@example.org>'], personal), 'may')
  assert.equal(answer('ann@example.com', ['To: x@y', 'Resent-To: g: b@example.org;'], personal), 'may')
  assert.equal(answer('ann@example.com', ['To: x@y'], context), 'may')
})

test('what we write ourselves says that a machine did', () => {
  assert.equal(automaticFields('auto-generated').toString(), 'Auto-Submitted: auto-generated\r\n')
  const original = header('Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=', 'Message-ID: <b@c>', 'References: <a@b>')
  const fields = automaticFields('auto-replied', original)
  assert.equal(
    fields.toString(),
    'Subject: Auto: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\r\nAuto-Submitted: auto-replied\r\nIn-Reply-To: <b@c>\r\nReferences: <a@b>\r\n <b@c>\r\n',
  )
  assert.equal(answer('ann@example.com', [fields.toString().trim()]), 'automatic')
  const nasty = automaticFields('auto-replied', header('Subject: =?utf-8?Q?a=0D=0ABcc:_x@y?='))
  assert.equal(HeaderBlock.parse(nasty).find('bcc'), undefined)
})
