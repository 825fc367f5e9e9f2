import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { AddressScanner } from './address-scanner.ts'
import type { Domain } from './domain.ts'
import { formatMailbox, isAsciiMailbox, parseMailbox } from './mailbox.ts'

const DOMAIN = 'example.com' as Domain
const printable = fc.string({
  unit: fc.integer({ min: 0x20, max: 0x7e }).map((c) => String.fromCharCode(c)),
  maxLength: 60,
})

test('every printable local part survives being written and read', () => {
  fc.assert(
    fc.property(printable, (localPart) => {
      assert.deepEqual(parseMailbox(formatMailbox({ localPart, domain: DOMAIN })), {
        localPart,
        domain: DOMAIN,
      })
    }),
    { numRuns: 200 },
  )
})

test('whatever octets come, reading neither throws nor goes backwards', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (octets) => {
      const scanner = new AddressScanner(Buffer.from(octets))
      const mailbox = scanner.mailbox()
      assert.ok(mailbox !== undefined || scanner.offset === 0)
    }),
    { numRuns: 300 },
  )
})

suite('octets above 127', () => {
  test('are remembered, so that a server without SMTPUTF8 can refuse them', () => {
    const plain = new AddressScanner(Buffer.from('a@example.com'))
    plain.expectMailbox()
    assert.equal(plain.sawUtf8, false)
    for (const text of ['ä@example.com', '"ä"@example.com', 'a@bücher.example']) {
      const scanner = new AddressScanner(Buffer.from(text))
      scanner.expectMailbox()
      assert.equal(scanner.sawUtf8, true, text)
    }
  })

  test('that are no UTF-8 are no address', () => {
    for (const octets of ['61ff', 'c0af', 'eda080', 'c3']) {
      const bytes = Buffer.concat([Buffer.from(octets, 'hex'), Buffer.from('@example.com')])
      assert.equal(new AddressScanner(bytes).mailbox(), undefined, octets)
    }
  })

  test('are told from ASCII once the domain is in A-labels', () => {
    assert.equal(isAsciiMailbox(parseMailbox('a@bücher.example')!), true)
    assert.equal(isAsciiMailbox(parseMailbox('ä@example.com')!), false)
  })
})

test('what follows an address is left alone', () => {
  const scanner = new AddressScanner(Buffer.from('a@example.com> SIZE=1'))
  scanner.expectMailbox()
  assert.equal(scanner.rest().toString(), '> SIZE=1')
})

test('an address that is expected and missing is reported with its offset', () => {
  assert.throws(() => new AddressScanner(Buffer.from('<>'), 1).expectMailbox(), {
    offset: 1,
    expected: 'address',
  })
})
