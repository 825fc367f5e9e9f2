import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { Handover } from '@cartero/contracts/spool/handover'
import type { ContentId } from '@cartero/content'

import type { HandedOver } from '../handover/ports.ts'
import type { QueueId } from '../ports.ts'
import { decodeHandover, encodeMessage, joinMessages } from './handover-codec.ts'

const messageOf = (n: number, content: HandedOver['content']): HandedOver => ({
  queueId: `${n}`.padStart(16, '0') as QueueId,
  envelope: {
    reversePath: '',
    recipients: [{ address: 'bob@example.org' }],
    client: { address: '192.0.2.1', helo: 'client.example', protocol: 'SMTP' },
  },
  prefix: Buffer.from('Received: x\r\n'),
  acceptedAt: 1_700_000_000_000,
  content,
})

describe('a handover', () => {
  test('keeps the contract whatever its lengths, though its octets are put in by hand', () => {
    for (const length of [0, 1, 127, 128, 16_383, 16_384, 300_000]) {
      const octets = Buffer.alloc(length, 'x')
      const message = messageOf(length, { kind: 'inline', octets })
      const body = joinMessages([encodeMessage(message)])
      const contract = Handover.decode(body).messages[0]!
      assert.deepEqual(contract.content, { $case: 'octets', value: octets })
      assert.deepEqual(decodeHandover(body), { messages: [message], unreadable: [] })
    }
  })

  test('of pieces is the same as of the whole', () => {
    const message = messageOf(1, { kind: 'inline', octets: Buffer.from('one two three') })
    const pieces = ['one ', 'two ', 'three'].map((text) => Buffer.from(text))
    const encoded = encodeMessage(message, pieces)
    assert.deepEqual(joinMessages([encoded]), joinMessages([encodeMessage(message)]))
    assert.equal(encoded.size, joinMessages([encoded]).length)
  })

  test('of several has each of them, and one that nobody can read keeps no other out', () => {
    const good = [
      messageOf(1, { kind: 'inline', octets: Buffer.from('x') }),
      messageOf(2, { kind: 'stored', id: 'pack/1' as ContentId, size: 2 ** 33 }),
    ]
    const bad = { ...messageOf(3, { kind: 'inline', octets: Buffer.from('y') }), queueId: "'; --" as QueueId }
    const body = joinMessages([good[0]!, bad, good[1]!].map((message) => encodeMessage(message)))
    const { messages, unreadable } = decodeHandover(body)
    assert.deepEqual(messages, good)
    assert.equal(unreadable.length, 1)
    assert.match(String(unreadable[0]!.error), /queue id/)
    assert.deepEqual(unreadable[0]!.body, new Uint8Array(joinMessages([encodeMessage(bad)])))
  })

  test('that is cut off, empty or noise is unreadable as a whole, and never throws', () => {
    const whole = joinMessages([encodeMessage(messageOf(1, { kind: 'inline', octets: Buffer.from('x') }))])
    for (const body of [Buffer.alloc(0), whole.subarray(0, -1), Buffer.from('noise'), Buffer.alloc(50, 0xff)])
      assert.deepEqual(
        [decodeHandover(body).messages.length, decodeHandover(body).unreadable.map((one) => one.body)],
        [0, [body]],
      )
  })
})
