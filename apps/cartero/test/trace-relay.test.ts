// What an operator learns of mail for other hosts: what each of them said of each recipient, and what waits.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { CarteroProcess, LineClient } from '@cartero/testkit'
import { cartero as command } from './cartero-command.ts'

const folder = mkdtempSync(join(tmpdir(), 'cartero-trace-'))
const remote = createServer(converse)
let cartero: CarteroProcess

before(async () => {
  remote.listen(0, '127.0.0.1')
  await once(remote, 'listening')
  const { port } = remote.address() as AddressInfo
  const config = join(folder, 'cartero.yaml')
  writeFileSync(
    config,
    `relay: { mode: send, loopback: true }
routes: [{ name: far, hosts: ['127.0.0.1:${port}'] }]
routing: [{ match: far.test, via: far }]
smtp: { relayNetworks: ['127.0.0.1'] }
`,
  )
  cartero = await CarteroProcess.start({ args: ['--config', config] })
})
after(async () => {
  await cartero.stop()
  cartero.removeData()
  remote.close()
  rmSync(folder, { recursive: true, force: true })
})

/** A host that takes mail for `ok`, wants `later` to come back, and does not know `never`. */
function converse(socket: Socket): void {
  let isData = false
  let rest = ''
  socket.on('error', () => undefined)
  socket.write('220 far.test ESMTP\r\n')
  socket.setEncoding('latin1').on('data', (octets: string) => {
    const lines = `${rest}${octets}`.split('\r\n')
    rest = lines.pop()!
    for (const line of lines) {
      if (isData && line !== '.') continue
      socket.write(`${isData ? '250 2.0.0 Ok: queued as 4D2A' : answerTo(line)}\r\n`)
      isData = !isData && line.toUpperCase() === 'DATA'
    }
  })
}

function answerTo(line: string): string {
  if (/^EHLO/i.test(line)) return '250-far.test\r\n250 ENHANCEDSTATUSCODES'
  if (/^RCPT.*later/i.test(line)) return '451 4.7.1 Come back \u001b[31mlater'
  if (/^RCPT.*never/i.test(line)) return '550 5.1.1 Who is that?'
  return /^DATA/i.test(line) ? '354 go on' : '250 2.1.0 Ok'
}

test('each recipient is told with the reply of the host, and who waits with the time of the next attempt', async () => {
  using client = await LineClient.connect(cartero.port(25))
  await client.reply()
  await client.smtp('EHLO here.test')
  await client.smtp('MAIL FROM:<alice@cartero.test>')
  for (const name of ['ok', 'later', 'never'])
    assert.match(await client.smtp(`RCPT TO:<${name}@far.test>`), /^250/)
  await client.smtp('DATA')
  const qid = /\b([0-9A-Z]{16})\b/.exec(await client.smtp('Subject: far away\r\n\r\nx\r\n.'))![1]!
  await client.smtp('QUIT')
  const page = await traced(qid, / returned /)
  assert.match(
    page,
    / mta +relayed +<ok@far\.test> .*host=127\.0\.0\.1 .*reply="250 2\.0\.0 Ok: queued as 4D2A" /,
  )
  assert.match(
    page,
    / mta +deferred +<later@far\.test> .*reply="451 4\.7\.1 Come back .*later" status=4\.7\.1 .*next=\d{4}-/,
  )
  assert.match(page, / mta +returned +<never@far\.test> .*reply="550 5\.1\.1 Who is that\?" status=5\.1\.1 /)
  assert.match(page, /^ {2}waits for via far: <later@far\.test>, tried once, not before \d{4}-/m)
  assert.match(page, new RegExp(`notice about ${qid} to <alice@cartero\\.test>$`, 'm'))
  // oxlint-disable-next-line no-control-regex -- what the other host says must not steer our terminal
  assert.doesNotMatch(page, /\u001b/)
})

async function traced(key: string, event: RegExp): Promise<string> {
  for (let i = 0; i < 60; i++) {
    const { out } = await command(['trace', '--data', cartero.data, key])
    if (event.test(out)) return out
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error(`${event.source} was not told of ${key}\n${cartero.output}`)
}
