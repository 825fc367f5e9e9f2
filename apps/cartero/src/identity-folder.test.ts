import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { connect, createServer } from 'node:tls'

import { makeIdentities } from './identity-folder.ts'

const folder = mkdtempSync(join(tmpdir(), 'cartero-identity-'))
after(() => rmSync(folder, { recursive: true }))
const AGENTS = [
  { name: 'mta', reachedAs: [] },
  { name: 'mda', reachedAs: [] },
]
const of = (name: string) => readFileSync(join(folder, name))

test('two agents prove to each other who they are, and nobody else can', async () => {
  const { made } = await makeIdentities(folder, AGENTS)
  assert.deepEqual(made, ['authority', 'mta', 'mda'])
  assert.equal(statSync(join(folder, 'mta.key')).mode & 0o077, 0)
  for (const file of ['authority.pem', 'mta.pem', 'mta.key']) assert.match(String(of(file)), /-\r?\n$/, file)
  const server = createServer(
    { ca: of('authority.pem'), cert: of('mta.pem'), key: of('mta.key'), requestCert: true },
    (socket) => socket.end('welcome'),
  )
  server.on('tlsClientError', () => undefined)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  const said = async (own: object): Promise<string> => {
    const socket = connect({ port, host: '127.0.0.1', servername: 'mta', ca: of('authority.pem'), ...own })
    let text = ''
    for await (const octets of socket) text += String(octets)
    return text
  }
  assert.equal(await said({ cert: of('mda.pem'), key: of('mda.key') }), 'welcome')
  await assert.rejects(said({}))
  await new Promise((resolve) => server.close(resolve))
})

test('what is there stays, and who comes later is vouched for by the same authority', async () => {
  const authority = of('authority.pem')
  const mta = of('mta.pem')
  const more = [...AGENTS, { name: 'nats-1', reachedAs: ['broker.example.org', '192.0.2.8'] }]
  assert.deepEqual((await makeIdentities(folder, more)).made, ['nats-1'])
  assert.deepEqual([of('authority.pem'), of('mta.pem')], [authority, mta])
  const certificate = new X509Certificate(of('nats-1.pem'))
  assert.ok(certificate.verify(new X509Certificate(authority).publicKey))
  assert.ok(certificate.checkHost('broker.example.org') && certificate.checkIP('192.0.2.8'))
})

test("servers of other users can read certificates, however the process masks, and nobody another one's key", async () => {
  const mask = process.umask(0o077)
  const place = join(folder, 'masked')
  try {
    await makeIdentities(place, AGENTS)
  } finally {
    process.umask(mask)
  }
  const mode = (name: string): number => statSync(join(place, name)).mode & 0o777
  assert.deepEqual(
    ['.', 'authority.pem', 'mta.pem', 'authority.key', 'mta.key'].map(mode),
    [0o755, 0o644, 0o644, 0o600, 0o600],
  )
})

test('a name that one is reached by later is in the certificate then', async () => {
  const moved = [{ name: 'mta', reachedAs: ['mta.example.org'] }]
  assert.deepEqual((await makeIdentities(folder, moved)).made, ['mta'])
  assert.deepEqual((await makeIdentities(folder, moved)).made, [])
  assert.deepEqual((await makeIdentities(folder, moved, true)).made, ['mta'])
})

test('an authority without its key is told, and not replaced', async () => {
  rmSync(join(folder, 'authority.key'))
  await assert.rejects(makeIdentities(folder, AGENTS), /authority\.key is not/)
})
