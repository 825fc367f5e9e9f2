// What the commands of the queue answer to what cannot be, or was meant otherwise.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, before, describe, test } from 'node:test'
import { CarteroProcess } from '@cartero/testkit'
import { cartero, MAIN, type Answer } from './cartero-command.ts'

const CONFIG = `dns: { servers: ["127.0.0.1:1"], patience: 100ms, rounds: 1 }
routes: [{ name: inner, hosts: "127.0.0.1:2" }]
routing: [{ match: inner.example, via: inner }]
`
const folder = mkdtempSync(join(tmpdir(), 'cartero-answers-'))
const config = join(folder, 'c.yaml')
let system: CarteroProcess

const on = (...words: string[]): Promise<Answer> =>
  cartero([...words, '--data', system.data, '--config', config])
const queue = (...words: string[]): Promise<Answer> => on('queue', ...words)

async function send(recipient: string): Promise<void> {
  const { code, err } = await cartero(
    ['sendmail', '--data', system.data, '--config', config, '-f', 'alice', recipient],
    { input: 'Subject: x\n\nx\n' },
  )
  assert.equal(code, 0, err)
}

/** Until it lists a line that is like this. */
async function listed(state: RegExp, ...filter: string[]): Promise<string> {
  for (let i = 0; ; i++) {
    const { out } = await queue('list', ...filter)
    if (state.test(out)) return out
    assert.ok(i < 40, `${out}\n${system.output}`)
  }
}

before(async () => {
  writeFileSync(config, CONFIG)
  system = await CarteroProcess.start({ args: ['--config', config] })
  await send('tim@inner.example')
  await listed(/held/, '--route', 'inner')
})
after(async () => {
  await system[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true })
})

describe('a route that is not there', () => {
  const missing = /there is no route 'nosuch'; there are inner\n/

  test('is no place to send mail to, and is told from one that nothing waits for', async () => {
    const filter = ['--domain', 'inner.example', '--yes', '--to-route', 'nosuch']
    for (const words of [filter, [...filter, '--dry-run']]) {
      const { code, err } = await queue('reroute', ...words)
      assert.equal(code, 3, err)
      assert.match(err, missing)
    }
    assert.match((await queue('list', '--route', 'nosuch')).err, missing)
    assert.match((await queue('hold', '--route', 'nosuch')).err, missing)
    assert.equal((await queue('reroute', '--route', 'inner', '--yes', '--to-route', 'inner')).code, 0)
    assert.doesNotMatch((await queue('list', '--route', 'inner', '--state', 'failed')).err, /no route/)
  })
})

test('who names the domain of mail that goes by a route is told how to find it', async () => {
  for (const verb of ['list', 'hold'])
    assert.match(
      (await queue(verb, '--domain', 'inner.example')).err,
      /mail for @inner\.example waits and goes another way \(via inner\): --recipient @inner\.example\n/,
    )
})

test('who has the verb for something else is told the right one', async () => {
  await send('tim@other.example')
  await listed(/held/, '--domain', 'other.example')
  const held = await queue('retry', '--domain', 'other.example')
  assert.match(held.err, /0 deliveries were made due\n1 delivery is held: "queue release" is for that\n$/)
  assert.match((await queue('release', '--domain', 'other.example')).err, /1 delivery was released\n$/)
  await listed(/deferred/, '--domain', 'other.example')
  const deferred = await queue('release', '--domain', 'other.example')
  assert.match(
    deferred.err,
    /0 deliveries were released\n1 delivery is deferred: "queue retry" is for that\n$/,
  )
})

test('a closed door is called so', async () => {
  assert.match((await on('status')).out, /^ {4}lmtp closed\n {4}odmr 127/m)
})

test('who reads only the beginning is no reason for a crash', async () => {
  for (const words of [['queue', 'list'], ['queue', 'list', '--json'], ['mailq'], ['queue', 'shape']]) {
    const child = spawn(process.execPath, [MAIN, ...words, '--data', system.data])
    child.stdout.destroy()
    const [err, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')])
    assert.deepEqual([code, err], [0, `(the system in ${system.data}, running)\n`], words.join(' '))
  }
})
