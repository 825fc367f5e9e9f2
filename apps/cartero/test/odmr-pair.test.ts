// A home mailbox behind a small edge: two real systems, each a process of its own.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { CarteroProcess, freePortBase, LineClient, type Credentials } from '@cartero/testkit'
import { awaitedLetter } from './awaited-letter.ts'
import { cartero, temporaryFolder } from './cartero-command.ts'
import { customerOf } from './demo-customer.ts'
import { ServeProcess } from './serve-process.ts'

const YOU = 'you@home.test'

/** Leaves a letter at the door for other hosts. */
async function letterAtTheDoor(edge: CarteroProcess, to: string, subject: string): Promise<void> {
  using client = await LineClient.connect(edge.port(25))
  await client.reply()
  await client.smtp('EHLO sender.test')
  assert.match(await client.smtp('MAIL FROM:<tim@elsewhere.test>'), /^250 /)
  assert.match(await client.smtp(`RCPT TO:<${to}>`), /^250 /)
  assert.match(await client.smtp('DATA'), /^354 /)
  assert.match(await client.smtp(`Subject: ${subject}\r\n\r\nDear you.\r\n.`), /^250 /)
}

/** What is logged is written in portions. */
async function told(edge: CarteroProcess, words: string): Promise<void> {
  const signal = AbortSignal.timeout(10_000)
  while (!edge.output.includes(words)) await once(edge.child.stderr!, 'data', { signal })
}

/** No door is open at home but the one by which its user reads. */
function homeConfig(edge: CarteroProcess, passwordFile: string, base: number): string {
  const authorities = join(edge.data, 'tls/certificate.pem')
  const login = `username: fetch@home.test, password: { file: ${passwordFile} }`
  const provider = (name: string, tls: string, port: number): string =>
    `    - { provider: ${name}, host: localhost, port: ${port}, tls: ${tls}, ${login}, authorities: ${authorities} }`
  return `hostname: home.test
listen: { mx: [], submission: [], submissions: [], imap: [], imaps: "127.0.0.1:${base + 993}", http: [] }
odmr:
  fetch:
${provider('edge', 'starttls', edge.port(366))}
${provider('edge-tls', 'implicit', edge.port(367))}
    - { provider: wrong, host: localhost, port: ${edge.port(366)}, username: alice@cartero.test, password: { file: ${passwordFile} }, authorities: ${authorities} }
relay: { loopback: true, tls: { authorities: ${authorities} } }
routes: [{ name: edge, hosts: "127.0.0.1:${edge.port(587)}", tls: verify, ${login} }]
routing: [{ match: "*", via: edge }]
`
}

describe('a home mailbox behind a small edge', () => {
  let edge: CarteroProcess
  let home: ServeProcess
  let you: Credentials
  const atHome = (...words: string[]): ReturnType<typeof cartero> =>
    cartero([...words, '--config', home.file])
  const atEdge = (...words: string[]): ReturnType<typeof cartero> => cartero([...words, '--data', edge.data])

  const running = new AsyncDisposableStack()
  const folder = temporaryFolder({ after: (done) => after(done as () => void) })
  before(async () => {
    edge = running.use(await CarteroProcess.start())
    const passwordFile = join(folder, 'edge-password')
    writeFileSync(passwordFile, `${customerOf(edge).password}\n`)
    const base = await freePortBase()
    home = running.use(await ServeProcess.start(folder, base, homeConfig(edge, passwordFile, base)))
    assert.equal((await atHome('domain', 'add', 'home.test')).code, 0)
    const added = await atHome('account', 'add', YOU, '--generate', '--json')
    you = JSON.parse(added.out) as Credentials
  })
  after(() => running.disposeAsync())

  test('mail that comes while home is away waits at the edge, is fetched under verified TLS with SCRAM, and is read at home', async () => {
    await letterAtTheDoor(edge, YOU, 'while you were away')
    const { code, out, err } = await atHome('odmr', 'fetch', 'edge')
    assert.equal(code, 0, err + home.output)
    assert.match(out, /^1 message \(\d+ octets\) came from edge\n$/)
    const letter = await awaitedLetter(home, you, 'while you were away')
    assert.match(letter, /^Return-Path: <tim@elsewhere\.test>\r$/m)
    assert.match(letter, /^Received: from mail\.cartero\.test .* by home\.test with ESMTPS\r\n\t\(TLSv1\.3 /m)
    await told(edge, '"account":"fetch@home.test","mechanism":"SCRAM-SHA-256-PLUS"')
    assert.match((await atEdge('odmr', 'list', '--json')).out, /"deliveries": 0/)
  })

  test('it is fetched under TLS from the beginning as well', async () => {
    await letterAtTheDoor(edge, YOU, 'another way')
    const { code, out, err } = await atHome('odmr', 'fetch', 'edge-tls', '--json')
    assert.equal(code, 0, err)
    const { provider, kind, messages } = JSON.parse(out) as Record<string, unknown>
    assert.deepEqual({ provider, kind, messages }, { provider: 'edge-tls', kind: 'fetched', messages: 1 })
    await awaitedLetter(home, you, 'another way')
  })

  test('what nobody at home has an address for is given back by the edge, and the rest is taken', async () => {
    await letterAtTheDoor(edge, 'nobody@home.test', 'for nobody')
    await letterAtTheDoor(edge, YOU, 'for somebody')
    assert.equal((await atHome('odmr', 'fetch', 'edge')).code, 0)
    await awaitedLetter(home, you, 'for somebody')
    const { out } = await atEdge('trace', 'nobody@home.test')
    assert.match(out, /550 5\.1\.1/)
    assert.match((await atEdge('odmr', 'list', '--json')).out, /"deliveries": 0/)
  })

  test('no mail is a success, a login that is refused and a name that is unknown are not', async () => {
    const none = await atHome('odmr', 'fetch', 'edge')
    assert.deepEqual([none.code, none.out], [0, 'no mail waits at edge\n'])
    const wrong = await atHome('odmr', 'fetch', 'wrong', '--json')
    assert.equal(wrong.code, 1)
    assert.equal((JSON.parse(wrong.out) as { kind: string }).kind, 'failed')
    const unknown = await atHome('odmr', 'fetch', 'nowhere')
    assert.equal(unknown.code, 3)
    assert.match(unknown.err, /no provider called nowhere; choose one of edge/)
  })

  test('mail from home goes out through the edge, as the address that its user has at home', async () => {
    const sent = await cartero(['sendmail', '--config', home.file, '-f', YOU, 'alice@cartero.test'], {
      input: 'Subject: from home\n\nx\n',
    })
    assert.equal(sent.code, 0, sent.err)
    const letter = await awaitedLetter(edge, 'alice', 'from home').catch((error: unknown) => {
      throw new Error(home.output, { cause: error })
    })
    assert.match(letter, /^Return-Path: <you@home\.test>\r$/m)
  })

  test('who came for the mail, and when, is what the edge tells of an address and of the domain', async () => {
    const { out } = await atEdge('explain', 'anybody@home.test')
    assert.match(out, /would wait for fetch@home\.test to come for it \(ATRN\)/)
    assert.match(out, /last taken \d+s ago by fetch@home\.test from 127\.0\.0\.1: /)
    const traced = await atEdge('trace', 'home.test')
    assert.match(traced.out, /^customers who came for mail\n/m)
    assert.match(traced.out, /turn\.ended .*how=complete/)
    assert.match((await atEdge('odmr', 'list')).out, /home\.test +fetch@home\.test .* \d+s ago/)
  })
})
