// The IMAP ports over real sockets, with everything behind them in memory.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { MetricRegistry, silentLogger } from '@cartero/agent/telemetry'
import type { ContentDraft, ContentId, ContentStore, OctetRange } from '@cartero/content'
import { MemoryContentLog } from '@cartero/content/memory'
import { Doorkeeper } from '@cartero/directory/doorkeeper'
import { createImapAgent } from '@cartero/imap-agent/agent'
import { createMemoryMailStore } from '@cartero/mailstore/memory'
import type { CredentialVerifier } from '@cartero/sasl'
import { CERTIFICATE, freePortBase, KEY } from '@cartero/testkit'
import { TlsServer } from '@cartero/wire/node'
import { ImapFlow } from 'imapflow'

const host = '127.0.0.1'
const base = await freePortBase()
const [clear, secured] = [base + 143, base + 993]
const mailStore = createMemoryMailStore()

const verifier: CredentialVerifier = {
  password: async (login, password) => (password === 'sesame' ? login : undefined),
  scramKeys: () => Promise.reject(new Error('no keys here')),
}

/** Octets that are counted and made, never held. */
class Counted implements Pick<ContentStore, 'begin' | 'get' | 'read' | 'size' | 'unpin'> {
  readonly #small = new MemoryContentLog()
  written = 0
  produced = 0
  /** Writers wait for this. */
  gate: Promise<void> | undefined

  begin(): ContentDraft {
    const count = (bytes: Buffer): Promise<void> | undefined => {
      this.written += bytes.length
      return this.gate
    }
    return { size: 0, write: count, commit: async () => 'counted' as ContentId, abort: () => {} }
  }

  async *get(_id: ContentId, { start, end }: OctetRange): AsyncGenerator<Buffer> {
    for (let at = start; at < end; at += 65_536) {
      const piece = Buffer.alloc(Math.min(65_536, end - at), 'x')
      this.produced += piece.length
      yield piece
    }
  }

  read(id: ContentId, range?: OctetRange): Promise<Buffer> {
    return this.#small.read(id, range)
  }

  size(id: ContentId): Promise<number> {
    return this.#small.size(id)
  }

  unpin(): void {}
}

function agent(
  content: ContentStore,
  listen: readonly { port: number; implicitTls: boolean }[],
  plaintext: boolean,
  proxyProtocol: readonly string[] = [],
) {
  return createImapAgent({
    settings: {
      hostname: 'mail.cartero.test',
      listen: listen.map((door) => ({ host, ...door })),
      allowPlaintextAuth: plaintext,
      proxyProtocol,
    },
    mailStore,
    content,
    doorkeeper: new Doorkeeper({ verifier: () => verifier }),
    tls: new TlsServer({ certificate: CERTIFICATE, key: KEY }),
    logger: silentLogger,
    metrics: new MetricRegistry(),
  })
}

describe('a mail client', () => {
  const served = agent(
    new MemoryContentLog(),
    [
      { port: clear, implicitTls: false },
      { port: secured, implicitTls: true },
    ],
    false,
  )
  before(() => served.start!(AbortSignal.timeout(10_000)))
  after(() => served.stop!())

  for (const [name, port, secure] of [
    ['STARTTLS', clear, false],
    ['TLS at once', secured, true],
  ] as const) {
    test(`lists, appends, reads, searches, flags, moves and removes over ${name}`, async () => {
      const user = `${name.replaceAll(' ', '')}@cartero.test`
      const client = new ImapFlow({
        host,
        port,
        secure,
        auth: { user, pass: 'sesame' },
        logger: false,
        tls: { rejectUnauthorized: false },
      })
      await client.connect()
      assert.ok(client.secureConnection)
      const uses = (await client.list()).map((mailbox) => mailbox.specialUse)
      assert.ok(['\\Sent', '\\Drafts', '\\Trash', '\\Junk', '\\Archive'].every((use) => uses.includes(use)))
      const source = 'Subject: Grüße\r\nMessage-ID: <1@x>\r\n\r\nHello\r\n'
      await client.append('INBOX', source, ['\\Seen'])
      const lock = await client.getMailboxLock('INBOX')
      const message = await client.fetchOne('1', {
        source: true,
        envelope: true,
        bodyStructure: true,
        flags: true,
      })
      assert.ok(message)
      assert.equal(message.source?.toString(), source)
      assert.equal(message.envelope?.subject, 'Grüße')
      assert.deepEqual(await client.search({ header: { 'message-id': '1@x' } }), [1])
      await client.messageFlagsAdd('1', ['\\Flagged', 'blue'])
      const moved = await client.messageMove('1', 'Archive')
      assert.ok(moved && moved.uidMap?.get(1) === 1)
      lock.release()
      const archive = await client.getMailboxLock('Archive')
      assert.ok(await client.messageDelete('1'))
      assert.deepEqual(await client.search({ all: true }), [])
      archive.release()
      await client.logout()
    })
  }
})

describe('a message of 50 MB', () => {
  const size = 50 * 1024 * 1024
  /** What the kernel holds of a connection on loopback, and some of ours; far below the message. */
  const inFlight = 16 * 1024 * 1024
  const content = new Counted()
  const port = base + 144
  const served = agent(content as unknown as ContentStore, [{ port, implicitTls: false }], true)
  let socket: Socket

  before(async () => {
    await served.start!(AbortSignal.timeout(10_000))
    socket = connect(port, host)
    await heard('* OK')
    socket.write('l LOGIN big sesame\r\n')
    await heard('l OK')
  })
  after(async () => {
    socket.destroy()
    await served.stop!()
  })

  async function heard(text: string): Promise<void> {
    let said = ''
    while (!said.includes(text)) said = said.slice(-100) + String((await once(socket, 'data'))[0])
  }

  /** Waits until a count stands still for many turns of the event loop. */
  async function settled(count: () => number): Promise<number> {
    let before = -1
    for (let calm = 0; calm < 200; calm++) {
      if (count() !== before) calm = 0
      before = count()
      await new Promise((resolve) => setImmediate(resolve))
    }
    return before
  }

  test('is not held in memory while a slow disk takes it', async () => {
    const gate = Promise.withResolvers<void>()
    content.gate = gate.promise
    socket.write(`a APPEND INBOX {${size}}\r\n`)
    await heard('+ ')
    const piece = Buffer.alloc(65_536, 'x\r\n')
    let sent = 0
    const send = (): void => {
      for (let more = true; more && sent < size; sent += piece.length) {
        more = socket.write(piece.subarray(0, size - sent))
      }
      if (sent === size && !socket.writableEnded) socket.off('drain', send).write('\r\n')
    }
    socket.on('drain', send)
    send()
    const taken = await settled(() => socket.bytesWritten)
    assert.ok(taken - socket.writableLength < inFlight, `${taken} octets were taken`)
    assert.ok(content.written < 1024 * 1024)
    content.gate = undefined
    gate.resolve()
    await heard('a OK')
    assert.equal(content.written, size)
  })

  test('is not read faster than the client takes it', async () => {
    socket.write('b SELECT INBOX\r\n')
    await heard('b OK')
    socket.pause()
    socket.write('c FETCH 1 BODY.PEEK[]\r\n')
    const produced = await settled(() => content.produced)
    assert.ok(produced < inFlight, `${produced} octets were read`)
    socket.resume()
    await heard('c OK')
    assert.equal(content.produced, size)
  })
})

test('a client behind a proxy on this machine may not log in in the clear, whatever address the proxy tells', async () => {
  const port = base + 144
  const served = agent(new MemoryContentLog(), [{ port, implicitTls: false }], true, ['127.0.0.1'])
  await served.start!(AbortSignal.timeout(10_000))
  for (const header of [
    'PROXY TCP4 192.0.2.1 192.0.2.2 51234 143\r\n',
    'PROXY TCP4 127.0.0.1 127.0.0.1 51234 143\r\n',
    'PROXY UNKNOWN\r\n',
  ]) {
    const socket = connect(port, host)
    socket.write(header)
    const [greeting] = (await once(socket, 'data')) as [Buffer]
    assert.match(greeting.toString(), /^\* OK .*LOGINDISABLED/)
    socket.destroy()
  }
  await served.stop!()
})
