import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseMailbox } from '@cartero/syntax'
import { parseNetwork } from '@cartero/wire'
import { RefusalLists } from './refusal-lists.ts'

const permanent = (name: string) => ({ name, severity: 'permanent' as const })
const lists = new RefusalLists({
  networks: [
    { network: parseNetwork('192.0.2.0/24')!, severity: 'temporary' },
    { network: parseNetwork('192.0.2.128/25')!, severity: 'permanent' },
  ],
  helo: [permanent('.dyn.example')],
  senders: [permanent('.spam.example'), { name: 'good.spam.example', severity: 'temporary' }],
})

test('a domain is not refused for ending like another', () => {
  assert.equal(lists.helo('notdyn.example'), undefined)
  assert.equal(lists.helo('dyn.example.org'), undefined)
  assert.equal(lists.helo('a.b.DYN.example')?.code, 550)
  assert.equal(lists.helo('dyn.example')?.code, 550)
})

test('the rule that says most wins', () => {
  const code = (sender: string) => lists.sender(parseMailbox(sender))?.code
  assert.equal(code('a@spam.example'), 550)
  assert.equal(code('a@bad.spam.example'), 550)
  assert.equal(code('a@good.spam.example'), 450)
})

test('who is refused for good is not told to try again', () => {
  assert.equal(lists.network('192.0.2.200', 'mx.example')?.code, 554)
  assert.equal(lists.network('192.0.2.1', 'mx.example')?.code, 421)
  assert.equal(lists.network('198.51.100.1', 'mx.example'), undefined)
  assert.equal(lists.network('unknown', 'mx.example'), undefined)
})

test('the null sender is in no list', () => {
  assert.equal(new RefusalLists({ senders: [permanent('')] }).sender(undefined), undefined)
})
