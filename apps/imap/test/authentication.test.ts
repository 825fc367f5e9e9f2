// Who may log in, and how, over real sockets: the same mechanisms as for submission.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { TLSSocket } from 'node:tls'
import { MetricRegistry, silentLogger } from '@cartero/agent/telemetry'
import { MemoryContentLog } from '@cartero/content/memory'
import { credentialVerifier } from '@cartero/directory'
import { Doorkeeper, type DoorkeeperOptions } from '@cartero/directory/doorkeeper'
import { openMemoryDirectory } from '@cartero/directory/memory'
import { createImapAgent } from '@cartero/imap-agent/agent'
import { createMemoryMailStore } from '@cartero/mailstore/memory'
import { mechanismNamed, mechanisms, type SaslClientContext } from '@cartero/sasl'
import { CERTIFICATE, freePortBase, KEY, LineClient } from '@cartero/testkit'
import type { TlsFacts } from '@cartero/wire'
import { TlsServer } from '@cartero/wire/node'

const ALICE = 'alice@cartero.test'
const PASSWORD = 'alice words'
const TOKEN = 'YSB0b2tlbg=='
const base = await freePortBase()
const [all, tokensOnly, closed, closedTls] = [base + 143, base + 144, base + 145, base + 993]
const directory = openMemoryDirectory({ secretKey: () => Buffer.alloc(32, 7) })
const tokens = { verify: async (token: string) => (token === TOKEN ? { login: ALICE } : undefined) }
const verifier: DoorkeeperOptions['verifier'] = (peer) => credentialVerifier(directory, { peer, tokens })

/** Nobody may come in. */
class ShutDoor extends Doorkeeper {
  override admits(): boolean {
    return false
  }
}

function agent(port: number, doorkeeper: Doorkeeper, implicitTls = false) {
  return createImapAgent({
    settings: {
      hostname: 'mail.cartero.test',
      listen: [{ host: '127.0.0.1', port, implicitTls }],
      allowPlaintextAuth: false,
    },
    mailStore: createMemoryMailStore(),
    content: new MemoryContentLog(),
    doorkeeper,
    tls: new TlsServer({ certificate: CERTIFICATE, key: KEY }),
    logger: silentLogger,
    metrics: new MetricRegistry(),
  })
}

const switchedOn = new Set(mechanisms.map(({ name }) => name))
const agents = [
  agent(all, new Doorkeeper({ verifier, switchedOn })),
  agent(tokensOnly, new Doorkeeper({ verifier, switchedOn: new Set(['OAUTHBEARER']) })),
  agent(closed, new ShutDoor({ verifier })),
  agent(closedTls, new ShutDoor({ verifier }), true),
]

before(async () => {
  await directory.AddDomain({ domain: { name: 'cartero.test', catchAll: '', postmaster: '' } })
  const account = { address: ALICE, disabled: false, quota: 0n, reversibleSecret: true }
  await directory.AddAccount({ account, password: PASSWORD })
  for (const each of agents) await each.start!(AbortSignal.timeout(10_000))
})
after(async () => {
  for (const each of agents) await each.stop!()
})

/** After STARTTLS, with what a client knows of the channel. */
async function secured(port: number): Promise<{ client: LineClient; tls: TlsFacts; offered: string[] }> {
  const plain = await LineClient.connect(port)
  await plain.expect(/^\* OK .*\r\n/)
  plain.write('s STARTTLS\r\n')
  await plain.expect(/^s OK .*\r\n/m)
  const client = await plain.secured()
  client.write('c CAPABILITY\r\n')
  const capabilities = await client.expect(/^c OK .*\r\n/m)
  assert.ok(client.socket instanceof TLSSocket)
  const exporter = client.socket.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0))
  const offered = [...capabilities.matchAll(/AUTH=(\S+)/g)].map(([, name]) => name!)
  return { client, offered, tls: { version: 'TLSv1.3', cipher: 'any', exporter } }
}

/** What the server ends with. RFC 4959 §3: with or without an initial response */
async function logIn(
  name: string,
  over: Partial<SaslClientContext>,
  initialResponse: boolean,
): Promise<string> {
  const { client, tls, offered } = await secured(all)
  assert.ok(offered.includes(name), offered.join(' '))
  const mine = mechanismNamed(name)!.connect({ login: ALICE, password: PASSWORD, tls, offered, ...over })
  let next = mine.initial()
  const atOnce = initialResponse && next !== undefined
  client.write(`a AUTHENTICATE ${name}${atOnce ? ` ${encoded(next!)}` : ''}\r\n`)
  if (atOnce) next = undefined
  for (;;) {
    const line = await client.expect(/^(\+ .*|a .*)\r\n/m)
    if (!line.startsWith('+')) {
      client[Symbol.dispose]()
      return line
    }
    const response = next ?? mine.respond(Buffer.from(line.slice(2).trim(), 'base64'))
    next = undefined
    client.write(`${response.toString('base64')}\r\n`)
  }
}

function encoded(octets: Buffer): string {
  return octets.length === 0 ? '=' : octets.toString('base64')
}

describe('AUTHENTICATE', () => {
  for (const name of [
    'SCRAM-SHA-256-PLUS',
    'SCRAM-SHA-1-PLUS',
    'SCRAM-SHA-256',
    'SCRAM-SHA-1',
    'CRAM-MD5',
    'LOGIN',
    'OAUTHBEARER',
    'XOAUTH2',
  ]) {
    test(`${name} lets in after STARTTLS, with and without initial response, and keeps out`, async () => {
      for (const initialResponse of [true, false]) {
        assert.match(await logIn(name, { token: TOKEN }, initialResponse), /^a OK /)
        const refused = await logIn(name, { token: 'rubbish', password: 'wrong' }, initialResponse)
        assert.match(refused, /^a NO \[AUTHENTICATIONFAILED\]/)
      }
    })
  }

  test('does not bind a channel that is not there: nothing is offered before STARTTLS that would need it', async () => {
    using plain = await LineClient.connect(all)
    const greeting = await plain.expect(/^\* OK .*\r\n/)
    assert.match(greeting, /LOGINDISABLED/)
    assert.doesNotMatch(greeting, /AUTH=(\S+-PLUS|PLAIN|LOGIN|OAUTHBEARER|XOAUTH2|EXTERNAL)/)
  })
})

test('LOGIN is off where PLAIN was switched off', async () => {
  const { client, offered } = await secured(tokensOnly)
  assert.deepEqual(offered, ['OAUTHBEARER'])
  client.write(`a LOGIN ${ALICE} "${PASSWORD}"\r\n`)
  assert.match(await client.expect(/^a .*\r\n/m), /^a NO \[CANNOT\]/)
  client.write('b AUTHENTICATE PLAIN\r\n')
  assert.match(await client.expect(/^b .*\r\n/m), /^b NO \[CANNOT\]/)
  client[Symbol.dispose]()
})

test('a peer that is banned hears so instead of the greeting, and nothing after it', async () => {
  using client = await LineClient.connect(closed)
  assert.equal(await client.expect(/^.*\r\n/), '* BYE Too many failed logins\r\n')
  await assert.rejects(client.expect(/./), /the connection ended/)
})

test('a peer that is banned costs no TLS handshake', async () => {
  using client = await LineClient.connect(closedTls)
  // It has said nothing, and a handshake would begin with its words.
  await assert.rejects(client.expect(/./), /the connection ended/)
  assert.equal(client.socket.bytesRead, 0)
})
