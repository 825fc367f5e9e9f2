// Mail from one system to another one, each a process of its own: routed, carried under TLS, taken, delivered.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { CarteroProcess, LineClient } from '@cartero/testkit'
import { lookIntoInbox } from '@cartero/testkit/inbox'
import { cartero, temporaryFolder } from './cartero-command.ts'

const LETTERS = 20

test('mail for another host is in its mailbox, and nothing of it stays behind', async (context) => {
  await using other = await CarteroProcess.start()
  const config = join(temporaryFolder(context), 'c.yaml')
  writeFileSync(
    config,
    `relay: { mode: send, loopback: true }
routes: [{ name: other, hosts: "127.0.0.1:${other.port(25)}", tls: encrypt }]
routing: [{ match: bob@cartero.test, via: other }]
`,
  )
  await using system = await CarteroProcess.start({ args: ['--config', config] })
  const words = ['sendmail', '--data', system.data, '-f', 'alice', 'bob@cartero.test']
  for (let i = 0; i < LETTERS; i++) {
    const { code, err } = await cartero(words, { input: `Subject: letter ${i}\n\nx\n` })
    assert.equal(code, 0, err)
  }
  const letters = await lookIntoInbox(other, 'bob', async (client) => {
    for (let i = 0; i < 200; i++) {
      await client.noop()
      const found = await client.fetchAll('1:*', { source: true }).catch(() => [])
      if (found.length >= LETTERS) return found.map(({ source }) => source!.toString())
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    throw new Error(system.output)
  })
  assert.equal(letters.length, LETTERS)
  for (const letter of letters) {
    assert.match(letter, /^Return-Path: <alice@cartero\.test>\r$/m)
    assert.match(
      letter,
      /^Received: from mail\.cartero\.test .* by mail\.cartero\.test with\r\n\tESMTPS \(TLSv1\.3 /m,
    )
  }
  const { out } = await cartero(['mailq', '--data', system.data])
  assert.equal(out, 'Mail queue is empty\n')
})

test('a host that is away keeps mail waiting, which goes as soon as somebody says that it is back', async (context) => {
  const first = await CarteroProcess.start()
  const { base, data } = first
  assert.equal(await first.stop(), 0, first.output)
  const config = join(temporaryFolder(context), 'c.yaml')
  writeFileSync(
    config,
    `relay: { mode: send, loopback: true }
routes: [{ name: other, hosts: "127.0.0.1:${base + 25}" }]
routing: [{ match: bob@cartero.test, via: other }]
`,
  )
  await using system = await CarteroProcess.start({ args: ['--config', config] })
  const on = (...words: string[]): ReturnType<typeof cartero> => cartero([...words, '--data', system.data])
  const words = ['sendmail', '--data', system.data, '-f', 'alice', 'bob@cartero.test']
  assert.equal((await cartero(words, { input: 'Subject: patience\n\nx\n' })).code, 0)
  for (let i = 0; !(await on('queue', 'list', '--state', 'deferred')).out.includes('in '); i++)
    assert.ok(i < 40, system.output)
  await using other = await CarteroProcess.start({ base, data })
  const retry = await on('queue', 'retry', '--route', 'other')
  assert.equal(retry.code, 0, retry.err)
  const found = await lookIntoInbox(other, 'bob', async (client) => {
    for (let i = 0; i < 200; i++) {
      await client.noop()
      const letters = await client.search({ subject: 'patience' })
      if (letters && letters.length > 0) return letters.length
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    return 0
  })
  assert.equal(found, 1, system.output)
})

test('an address of ours that only a rule knows is taken for its route, and one that a rule refuses is not', async (context) => {
  const config = join(temporaryFolder(context), 'c.yaml')
  writeFileSync(
    config,
    `relay: { mode: send, loopback: true }
routes: [{ name: archive, hosts: "127.0.0.1:9" }]
routing:
  - { match: archive@cartero.test, via: archive }
  - { match: bob@cartero.test, via: refuse }
`,
  )
  await using system = await CarteroProcess.start({ args: ['--config', config] })
  using client = await LineClient.connect(system.port(25))
  await client.expect(/^220 .*\r\n/)
  for (const [line, answer] of [
    ['EHLO other.test', /^250 .*\r\n/m],
    ['MAIL FROM:<tim@other.test>', /^250 .*\r\n/],
    ['RCPT TO:<archive@cartero.test>', /^250 .*\r\n/],
    ['RCPT TO:<alice@cartero.test>', /^250 .*\r\n/],
    ['RCPT TO:<bob@cartero.test>', /^550 .*\r\n/],
    ['RCPT TO:<nobody@cartero.test>', /^550 .*\r\n/],
  ] as const) {
    client.write(`${line}\r\n`)
    await client.expect(answer)
  }
})
