import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { parseServer, serversToAsk, systemServers } from './servers.ts'

for (const [text, address, port, isLoopback] of [
  ['192.0.2.1', '192.0.2.1', 53, false],
  ['127.0.0.1:5353', '127.0.0.1', 5353, true],
  ['127.9.9.9', '127.9.9.9', 53, true],
  ['::1', '::1', 53, true],
  ['[::1]:53', '::1', 53, true],
  ['[2001:DB8::1]', '2001:db8::1', 53, false],
  ['2001:db8::5353', '2001:db8::5353', 53, false],
  ['fe80::1%eth0', 'fe80::1%eth0', 53, false],
  ['::ffff:127.0.0.1', '127.0.0.1', 53, true],
] as const)
  test(`${text} is a name server`, () => {
    assert.deepEqual(parseServer(text), { address, port, isLoopback })
  })

for (const text of [
  '',
  'localhost',
  '192.0.2.1:',
  '192.0.2.1:0',
  '192.0.2.1:65536',
  '[192.0.2.1',
  '[::1]:',
  '::1]:53',
  '192.0.2.256',
  '1.2.3.4:5:6',
])
  test(`'${text}' is no name server, and the operator is told what one is`, () => {
    assert.throws(
      () => parseServer(text),
      (error) => error instanceof RangeError && error.message.includes(`'${text}'`),
    )
  })

test('a server that does not validate is not asked beside one that does', () => {
  const near = parseServer('127.0.0.1')
  const far = parseServer('192.0.2.1')
  assert.deepEqual(serversToAsk([far, near], false), { servers: [near], areBelieved: true })
  assert.deepEqual(serversToAsk([far], false), { servers: [far], areBelieved: false })
  assert.deepEqual(serversToAsk([far, near], true), { servers: [far, near], areBelieved: true })
})

test('the servers of the system are read in their order; without any, this machine is asked', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cartero-dns-'))
  try {
    const file = join(folder, 'resolv.conf')
    writeFileSync(
      file,
      '# nameserver 192.0.2.9\nsearch test\nnameserver 192.0.2.1\nnameserver\t2001:db8::1 # x\noptions edns0\n',
    )
    assert.deepEqual(systemServers(file), ['192.0.2.1', '2001:db8::1'])
    writeFileSync(file, '\n')
    assert.deepEqual(systemServers(file), ['127.0.0.1'])
    assert.deepEqual(systemServers(join(folder, 'absent')), ['127.0.0.1'])
  } finally {
    rmSync(folder, { recursive: true })
  }
})
