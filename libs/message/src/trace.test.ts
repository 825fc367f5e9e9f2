import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseReceived } from './field/received.ts'
import { HeaderBlock } from './header-block.ts'
import { deliveredToField, receivedField, returnPathField, transmissionType } from './trace.ts'

const AT = Date.UTC(2025, 10, 21, 10, 0, 0)

test('the with clause tells how the message came in', () => {
  const type = (words: string): string =>
    transmissionType({
      extended: !words.includes('helo'),
      tls: words.includes('tls'),
      authenticated: words.includes('auth'),
      utf8: words.includes('utf8'),
      lmtp: words.includes('lmtp'),
    })
  assert.deepEqual(['helo', '', 'auth', 'tls', 'tls auth'].map(type), [
    'SMTP',
    'ESMTP',
    'ESMTPA',
    'ESMTPS',
    'ESMTPSA',
  ])
  assert.deepEqual(['lmtp', 'lmtp auth', 'lmtp tls', 'lmtp tls auth'].map(type), [
    'LMTP',
    'LMTPA',
    'LMTPS',
    'LMTPSA',
  ])
  const utf8 = ['utf8', 'utf8 auth', 'utf8 tls', 'utf8 tls auth', 'utf8 lmtp', 'utf8 lmtp tls auth'].map(type)
  assert.deepEqual(utf8, ['UTF8SMTP', 'UTF8SMTPA', 'UTF8SMTPS', 'UTF8SMTPSA', 'UTF8LMTP', 'UTF8LMTPSA'])
})

test('a Received field is folded and tells every clause', () => {
  const field = receivedField({
    from: { helo: 'mail.example.com', address: '192.0.2.1', name: 'host.example.com' },
    by: 'mx.example.org',
    via: 'TCP',
    with: 'ESMTPSA',
    tls: { version: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384' },
    id: '01JD8Z5Y3Q',
    for: 'ann@example.org',
    at: AT,
    offsetMinutes: 60,
  })
  assert.equal(
    field.toString(),
    'Received: from mail.example.com (host.example.com [192.0.2.1]) by\r\n' +
      '\tmx.example.org via TCP with ESMTPSA (TLSv1.3 TLS_AES_256_GCM_SHA384) id\r\n' +
      '\t01JD8Z5Y3Q for <ann@example.org>; Fri, 21 Nov 2025 11:00:00 +0100\r\n',
  )
  const read = parseReceived(HeaderBlock.parse(field).fields[0]!.rawValue)
  assert.deepEqual(read, {
    from: 'mail.example.com',
    fromComment: 'host.example.com [192.0.2.1]',
    by: 'mx.example.org',
    via: 'TCP',
    with: 'ESMTPSA',
    id: '01JD8Z5Y3Q',
    for: '<ann@example.org>',
    at: { epochMs: AT, offsetMinutes: 60 },
  })
})

test('priority and solicitation of the transaction are told, and hide no other clause', () => {
  const field = receivedField({
    by: 'mx',
    with: 'ESMTPS',
    solicitations: ['net.example:ADV', 'org.example:x)'],
    id: '01',
    for: 'a@b',
    priority: -3,
    at: AT,
  })
  assert.equal(
    field.toString(),
    'Received: by mx with ESMTPS (SOLICIT=net.example:ADV,org.example:x?) id 01 for\r\n' +
      '\t<a@b> PRIORITY -3; Fri, 21 Nov 2025 10:00:00 +0000\r\n',
  )
  const read = parseReceived(HeaderBlock.parse(field).fields[0]!.rawValue)
  assert.deepEqual([read.with, read.id, read.for, read.priority], ['ESMTPS', '01', '<a@b>', '-3'])
  const many = receivedField({ by: 'mx', solicitations: Array<string>(200).fill('net.example:ADV'), at: AT })
  assert.ok(
    many
      .toString()
      .split('\r\n')
      .every((line) => line.length < 100),
  )
})

test('a priority of 0 that was asked for is told', () => {
  assert.match(receivedField({ by: 'mx', priority: 0, at: AT }).toString(), / PRIORITY 0; /)
})

test('clauses that nobody knows are left out', () => {
  assert.equal(
    receivedField({ by: 'mx', at: AT }).toString(),
    'Received: by mx; Fri, 21 Nov 2025 10:00:00 +0000\r\n',
  )
  const ipv6 = receivedField({ from: { helo: 'x', address: '2001:db8::1' }, by: 'mx', at: AT }).toString()
  assert.ok(ipv6.startsWith('Received: from x ([IPv6:2001:db8::1]) by mx; '))
})

test('the return path and the mark of delivery are written as they stand', () => {
  assert.equal(returnPathField('').toString(), 'Return-Path: <>\r\n')
  assert.equal(returnPathField('joe@example.com').toString(), 'Return-Path: <joe@example.com>\r\n')
  assert.equal(
    returnPathField('"joe doe"@example.com').toString(),
    'Return-Path: <"joe doe"@example.com>\r\n',
  )
  assert.equal(deliveredToField('jörg@müller.example').toString(), 'Delivered-To: jörg@müller.example\r\n')
  const long = `${'a'.repeat(64)}@${'b'.repeat(60)}.example`
  assert.equal(returnPathField(long).toString(), `Return-Path:\r\n\t<${long}>\r\n`)
})

test('a peer that breaks out of its clause gets question marks', () => {
  const field = receivedField({
    from: { helo: 'x) by evil; (\r\nBcc: a@b\0', address: '192.0.2.1' },
    by: 'mx',
    for: 'a@b>\r\n\r\nbody',
    at: AT,
  })
  assert.equal(
    field.toString(),
    'Received: from x??by?evil?????Bcc:?a@b? ([192.0.2.1]) by mx for\r\n' +
      '\t<a@b?????body>; Fri, 21 Nov 2025 10:00:00 +0000\r\n',
  )
})

test('whatever the peer says, one well-formed field comes out', () => {
  const nasty = fc.string({
    unit: fc.constantFrom(
      'a',
      '\r',
      '\n',
      '\0',
      '(',
      ')',
      '\\',
      ';',
      '"',
      ' ',
      ':',
      'é',
      '\ud800',
      '\u0085',
      '🙂',
    ),
  })
  fc.assert(
    fc.property(nasty, nasty, nasty, fc.integer({ min: 0, max: 3_000 }), (helo, name, recipient, length) => {
      const field = receivedField({
        from: { helo: helo + 'x'.repeat(length), name, address: name },
        by: 'mx.example.org',
        with: helo,
        tls: { version: name, cipher: helo },
        id: 'id',
        for: recipient,
        at: AT,
      })
      const block = HeaderBlock.parse(field)
      assert.equal(block.fields.length, 1)
      assert.equal(block.fieldsEnd, field.length)
      const { by, id, at } = parseReceived(block.fields[0]!.rawValue)
      assert.deepEqual([by, id, at?.epochMs], ['mx.example.org', 'id', AT])
      for (const line of field.toString().split('\r\n'))
        assert.ok(Buffer.byteLength(line) <= 998 && !/[\r\n\0]/.test(line))
      for (const plain of [returnPathField(recipient), deliveredToField(helo)]) {
        assert.equal(HeaderBlock.parse(plain).fields[0]!.end, plain.length)
      }
    }),
    { numRuns: 200 },
  )
})
