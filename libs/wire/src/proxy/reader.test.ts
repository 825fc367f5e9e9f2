import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { crc32c } from './crc32c.ts'
import { PROXY_HEADER_LIMIT, ProxyFault, type ProxyHeader } from './header.ts'
import { readProxyHeader } from './reader.ts'

const SIGNATURE = Buffer.from('0d0a0d0a000d0a515549540a', 'hex')
const IPV4 = Buffer.from('c0000201c6336401c8220019', 'hex')
const IPV6 = Buffer.concat([
  Buffer.from('20010db8000000000000000000000001', 'hex'),
  Buffer.from('20010db8000000000000000000000002', 'hex'),
  Buffer.from('c8220019', 'hex'),
])

function version2(command: number, family: number, body: Buffer): Buffer {
  const fixed = Buffer.concat([SIGNATURE, Buffer.of(0x20 | command, family, 0, 0)])
  fixed.writeUInt16BE(body.length, 14)
  return Buffer.concat([fixed, body])
}

function tlv(type: number, value: Buffer | string): Buffer {
  const bytes = Buffer.from(value as string)
  return Buffer.concat([Buffer.of(type, bytes.length >> 8, bytes.length & 0xff), bytes])
}

function summed(header: Buffer): Buffer {
  const sum = Buffer.alloc(4)
  sum.writeUInt32BE(crc32c(header))
  return Buffer.concat([header.subarray(0, -4), sum])
}

const CLIENT = {
  source: { address: '192.0.2.1', port: 51234 },
  destination: { address: '198.51.100.1', port: 25 },
}
const CLIENT6 = {
  source: { address: '2001:db8::1', port: 51234 },
  destination: { address: '2001:db8::2', port: 25 },
}
/** Client with TLS and a certificate, verified; TLSv1.3; a common name, which is not read. */
const SSL = Buffer.concat([Buffer.of(0x07, 0, 0, 0, 0), tlv(0x21, 'TLSv1.3'), tlv(0x22, 'tim')])

const VALID: Readonly<Record<string, readonly [bytes: Buffer | string, header: ProxyHeader]>> = {
  'version 1, IPv4': ['PROXY TCP4 192.0.2.1 198.51.100.1 51234 25\r\n', { isLocal: false, client: CLIENT }],
  'version 1, IPv6': [
    'PROXY TCP6 2001:DB8::0:1 2001:db8::2 51234 25\r\n',
    { isLocal: false, client: CLIENT6 },
  ],
  'version 1, an IPv4-mapped address': [
    'PROXY TCP6 ::ffff:192.0.2.1 ::ffff:198.51.100.1 51234 25\r\n',
    { isLocal: false, client: CLIENT },
  ],
  'version 1, a client that is not told': ['PROXY UNKNOWN\r\n', { isLocal: false }],
  'version 1, a client that is not told, with what is to be ignored': [
    `PROXY UNKNOWN ${'f'.repeat(91)}\r\n`,
    { isLocal: false },
  ],
  'version 2, IPv4': [version2(1, 0x11, IPV4), { isLocal: false, client: CLIENT }],
  'version 2, IPv6': [version2(1, 0x21, IPV6), { isLocal: false, client: CLIENT6 }],
  'version 2, an IPv4-mapped address': [
    version2(
      1,
      0x21,
      Buffer.from('00000000000000000000ffffc000020100000000000000000000ffffc6336401c8220019', 'hex'),
    ),
    { isLocal: false, client: CLIENT },
  ],
  'version 2, UNIX': [version2(1, 0x31, Buffer.alloc(216, 0x2f)), { isLocal: false }],
  'version 2, a client that is not told': [version2(1, 0, Buffer.alloc(0)), { isLocal: false }],
  'version 2, LOCAL': [version2(0, 0, Buffer.alloc(0)), { isLocal: true }],
  'version 2, LOCAL with what is to be skipped': [
    version2(0, 0xff, Buffer.alloc(99, 0xff)),
    { isLocal: true },
  ],
  'version 2, a name, TLS, no-operations and types unheard of': [
    version2(
      1,
      0x11,
      Buffer.concat([IPV4, tlv(4, ''), tlv(0xee, 'x'), tlv(2, 'mail.example.org'), tlv(0x20, SSL)]),
    ),
    {
      isLocal: false,
      client: CLIENT,
      serverName: 'mail.example.org',
      tls: { version: 'TLSv1.3', verified: true },
    },
  ],
  'version 2, a certificate that the proxy did not verify': [
    version2(1, 0x11, Buffer.concat([IPV4, tlv(0x20, Buffer.of(0x03, 0, 0, 0, 1))])),
    { isLocal: false, client: CLIENT, tls: { version: '', verified: false } },
  ],
  'version 2, no TLS': [
    version2(1, 0x11, Buffer.concat([IPV4, tlv(0x20, Buffer.alloc(5))])),
    { isLocal: false, client: CLIENT },
  ],
  'version 2, a checksum': [
    summed(version2(1, 0x11, Buffer.concat([IPV4, tlv(0xee, 'x'), tlv(3, Buffer.alloc(4))]))),
    { isLocal: false, client: CLIENT },
  ],
}

describe('a header is read however it is cut, and nothing of what follows it', () => {
  for (const [name, [bytes, expected]] of Object.entries(VALID))
    test(name, () => {
      const header = Buffer.from(bytes as string)
      for (let cut = 0; cut < header.length; cut++)
        assert.equal(readProxyHeader(header.subarray(0, cut)), undefined, `cut at ${cut}`)
      for (const rest of ['', 'EHLO x\r\n', '\r\n'])
        assert.deepEqual(readProxyHeader(Buffer.concat([header, Buffer.from(rest)])), {
          header: expected,
          length: header.length,
        })
    })
})

const INVALID: Readonly<Record<string, Buffer | string>> = {
  'no header': 'EHLO x\r\n',
  'a header in lower case': 'proxy TCP4 192.0.2.1 192.0.2.2 1 25\r\n',
  'TLS instead of a header': Buffer.from('160301', 'hex'),
  'a line that does not end': `PROXY UNKNOWN ${'x'.repeat(93)}`,
  'a line that ends too late': `PROXY UNKNOWN ${'x'.repeat(92)}\r\n`,
  'a protocol unheard of': 'PROXY UDP4 192.0.2.1 192.0.2.2 1 25\r\n',
  'no protocol': 'PROXY \r\n',
  'two blanks': 'PROXY TCP4  192.0.2.1 192.0.2.2 1 25\r\n',
  'a blank at the end': 'PROXY TCP4 192.0.2.1 192.0.2.2 1 25 \r\n',
  'too few fields': 'PROXY TCP4 192.0.2.1 192.0.2.2 1\r\n',
  'an address of the other family': 'PROXY TCP4 ::1 ::1 1 25\r\n',
  'an address of the other family, the other way round': 'PROXY TCP6 192.0.2.1 192.0.2.2 1 25\r\n',
  'an address with leading zeros': 'PROXY TCP4 192.0.2.01 192.0.2.2 1 25\r\n',
  'a zone': 'PROXY TCP6 fe80::1%eth0 ::1 1 25\r\n',
  'a name instead of an address': 'PROXY TCP4 localhost 192.0.2.2 1 25\r\n',
  'a port too high': 'PROXY TCP4 192.0.2.1 192.0.2.2 65536 25\r\n',
  'a port with a sign': 'PROXY TCP4 192.0.2.1 192.0.2.2 +1 25\r\n',
  'a bare LF': `PROXY TCP4 192.0.2.1 192.0.2.2 1 25\n${' '.repeat(99)}`,
  'a signature with one octet wrong': Buffer.from('0d0a0d0a000d0a515549540d', 'hex'),
  'version 1 in the binary form': Buffer.concat([SIGNATURE, Buffer.of(0x11, 0x11, 0, 12), IPV4]),
  'a command unheard of': version2(2, 0x11, IPV4),
  'a family unheard of': version2(1, 0x41, IPV4),
  'a datagram': version2(1, 0x12, IPV4),
  'a family without its transport': version2(1, 0x10, IPV4),
  'addresses that are cut off': version2(1, 0x21, IPV4),
  'an addition without its length': version2(1, 0x11, Buffer.concat([IPV4, Buffer.of(4, 0)])),
  'an addition that is cut off': version2(1, 0x11, Buffer.concat([IPV4, Buffer.of(4, 0, 9, 1)])),
  'a wrong checksum': version2(1, 0x11, Buffer.concat([IPV4, tlv(3, Buffer.alloc(4))])),
  'a checksum of three octets': version2(1, 0x11, Buffer.concat([IPV4, tlv(3, Buffer.alloc(3))])),
  'a name with a line break': version2(1, 0x11, Buffer.concat([IPV4, tlv(2, 'a\r\nb')])),
  'a name that is no UTF-8': version2(1, 0x11, Buffer.concat([IPV4, tlv(2, Buffer.of(0xff))])),
  'a name too long': version2(1, 0x11, Buffer.concat([IPV4, tlv(2, 'a'.repeat(256))])),
  'TLS that is cut off': version2(1, 0x11, Buffer.concat([IPV4, tlv(0x20, Buffer.alloc(4))])),
  'TLS whose parts are cut off': version2(
    1,
    0x11,
    Buffer.concat([IPV4, tlv(0x20, Buffer.of(1, 0, 0, 0, 0, 0x21, 0, 9, 1))]),
  ),
  'a header beyond the limit': version2(1, 0x11, Buffer.alloc(PROXY_HEADER_LIMIT - 15)).subarray(0, 16),
}

describe('what is no header is refused, however it is cut', () => {
  for (const [name, octets] of Object.entries(INVALID))
    test(name, () => {
      const bytes = Buffer.from(octets as string)
      assert.throws(() => readProxyHeader(bytes), ProxyFault)
      const outcomes = Array.from({ length: bytes.length }, (_, cut) => {
        try {
          return readProxyHeader(bytes.subarray(0, cut)) === undefined
        } catch (error) {
          return error instanceof ProxyFault
        }
      })
      assert.ok(outcomes.every(Boolean), 'half of it passed for a header')
    })
})

test('a header of exactly the limit is read', () => {
  const room = PROXY_HEADER_LIMIT - 16 - IPV4.length - 3
  const bytes = version2(1, 0x11, Buffer.concat([IPV4, tlv(4, Buffer.alloc(room))]))
  assert.equal(readProxyHeader(bytes)?.length, PROXY_HEADER_LIMIT)
})

test('octets at random are never a header and never a crash', () => {
  const start = fc.constantFrom(SIGNATURE, version2(1, 0x11, IPV4).subarray(0, 14), Buffer.from('PROXY TCP'))
  fc.assert(
    fc.property(start, fc.uint8Array({ maxLength: 64 }), (head, tail) => {
      try {
        readProxyHeader(Buffer.concat([head, tail]))
      } catch (error) {
        assert.ok(error instanceof ProxyFault)
      }
    }),
    { numRuns: 500 },
  )
})

test('the checksum is that of Castagnoli', () => {
  assert.equal(crc32c(Buffer.from('1234'), Buffer.from('56789')), 0xe3069283)
})
