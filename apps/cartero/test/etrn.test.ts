// A branch whose line is up now and then has its mail sent when it says so, by a real process.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { CarteroProcess, LineClient } from '@cartero/testkit'
import { cartero, temporaryFolder } from './cartero-command.ts'
import { CountingHost } from './counting-host.ts'

test('a branch that was away has its mail as soon as it asks, and only it may ask', async (context) => {
  const away = await CountingHost.start()
  const { port } = away
  await away[Symbol.asyncDispose]()
  const config = join(temporaryFolder(context), 'c.yaml')
  writeFileSync(
    config,
    `relay: { mode: send, loopback: true }
smtp: { relayNetworks: 127.0.0.1, etrn: { allow: [{ for: [branch.example, "#branch"], networks: 127.0.0.1 }] } }
routes: [{ name: branch, hosts: "127.0.0.1:${port}" }]
routing: [{ match: branch.example, via: branch }]
`,
  )
  await using system = await CarteroProcess.start({ args: ['--config', config] })
  using client = await LineClient.connect(system.port(25))
  await client.reply()
  assert.ok((await client.offered()).includes('ETRN'))
  for (const name of ['tim', 'tom']) {
    await client.smtp('MAIL FROM:<s@elsewhere.test>')
    await client.smtp(`RCPT TO:<${name}@branch.example>`)
    await client.smtp('DATA')
    assert.match(await client.smtp(`Subject: ${name}\r\n\r\nx\r\n.`), /^250 /)
  }
  const waiting = ['queue', 'list', '--state', 'deferred', '--data', system.data]
  for (let i = 0; ((await cartero(waiting)).out.match(/branch\.example/g) ?? []).length < 2; i++)
    assert.ok(i < 40, system.output)

  await using branch = await CountingHost.start(port)
  assert.match(await client.smtp('ETRN other.example'), /^459 4\.7\.1 /)
  assert.match(await client.smtp('ETRN branch.example'), /^252 2\.0\.0 OK, pending messages /)
  for (let i = 0; branch.taken < 2; i++) {
    assert.ok(i < 200, system.output)
    await sleep(50)
  }
  assert.deepEqual([...branch.copies.keys()].toSorted(), ['tim', 'tom'])
  // The counters follow within seconds.
  for (let i = 0; !(await client.smtp('ETRN #branch')).startsWith('251 '); i++) {
    assert.ok(i < 4, system.output)
    await sleep(1_000)
  }
})
