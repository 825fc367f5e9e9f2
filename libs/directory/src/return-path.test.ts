import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { formatMailbox, type Mailbox, parseDomain, parseMailbox } from '@cartero/syntax'
import fc from 'fast-check'
import { readReturnPath, RETURN_PATH_DAYS, writeReturnPath } from './return-path.ts'

const DAY_MS = 86_400_000
const key = Buffer.alloc(32, 7)
const us = parseDomain('us.example')!
const time = fc.integer({ min: 0, max: 50_000 }).map((day) => day * DAY_MS)

const sender = fc
  .tuple(
    fc.oneof(
      fc.stringMatching(/^[A-Za-z0-9=+._-]{1,40}$/),
      fc.stringMatching(/^[ -~]{1,30}$/),
      fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }),
    ),
    fc.constantFrom(
      'else.example',
      'xn--bcher-kva.example',
      '[192.0.2.1]',
      '[IPv6:2001:db8::1]',
      'a.b-c.example',
    ),
  )
  .map(([localPart, domain]) =>
    parseMailbox(formatMailbox({ localPart, domain: domain as Mailbox['domain'] })),
  )
  .filter((mailbox) => mailbox !== undefined)

function written(from: Mailbox, now: number): Mailbox {
  return parseMailbox(writeReturnPath(from, us, { key, now })!)!
}

describe('any sender', () => {
  test('is found again by what was written, in whatever quotes it comes back', () => {
    fc.assert(
      fc.property(sender, time, fc.integer({ min: 0, max: RETURN_PATH_DAYS }), (from, now, days) => {
        fc.pre(!/^srs[01][=+-]/i.test(from.localPart))
        const back = readReturnPath(written(from, now).localPart, { key, now: now + days * DAY_MS })
        assert.deepEqual(back && formatMailbox(back), formatMailbox(from))
      }),
    )
  })

  test('is not found by another key, nor when it is too late', () => {
    fc.assert(
      fc.property(sender, time, fc.integer({ min: RETURN_PATH_DAYS + 1, max: 1000 }), (from, now, days) => {
        fc.pre(!/^srs[01][=+-]/i.test(from.localPart))
        const { localPart } = written(from, now)
        assert.equal(readReturnPath(localPart, { key: Buffer.alloc(32, 8), now }), undefined)
        assert.equal(readReturnPath(localPart, { key, now: now + days * DAY_MS }), undefined)
      }),
    )
  })

  test('is found by nothing in which one character was changed', () => {
    fc.assert(
      fc.property(
        sender,
        time,
        fc.nat(),
        fc.constantFrom('A', 'b', '7', '.', '='),
        (from, now, at, other) => {
          fc.pre(!/^srs[01][=+-]/i.test(from.localPart))
          const { localPart } = written(from, now)
          const place = 'SRS0='.length + (at % (localPart.length - 'SRS0='.length))
          const changed = localPart.slice(0, place) + other + localPart.slice(place + 1)
          fc.pre(changed.toLowerCase() !== localPart.toLowerCase())
          assert.equal(readReturnPath(changed, { key, now }), undefined)
        },
      ),
    )
  })
})

test('no text makes the reader throw', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
      for (const prefix of ['', 'SRS0=', 'SRS1=', 'srs0=AAAAAA=AA='])
        readReturnPath(prefix + text, { key, now: 0 })
    }),
  )
})

test('a sender whose address would be too long for a path stays as it is', () => {
  const domain = parseDomain('else.example')!
  const long = { localPart: 'x'.repeat(220), domain }
  assert.equal(writeReturnPath(long, us, { key, now: 0 }), undefined)
  assert.ok(writeReturnPath({ localPart: 'x'.repeat(64), domain }, us, { key, now: 0 }))
})
