// `cartero dev` and what the command line says to it while it runs.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { CarteroProcess, freePortBase, LineClient } from '@cartero/testkit'
import { cartero, temporaryFolder } from './cartero-command.ts'

async function occupied(port: number): Promise<Server> {
  const server = createServer().listen(port, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  return server
}

describe('a running system', () => {
  let system: CarteroProcess
  const ask = (...words: string[]): ReturnType<typeof cartero> => cartero([...words, '--data', system.data])

  before(async () => {
    system = await CarteroProcess.start()
  })
  after(() => system[Symbol.asyncDispose]())

  test('the first start shows doors, passwords and commands that can be pasted', () => {
    const { address, password } = system.account('alice')
    assert.ok(system.output.includes(`account             ${address}   password ${password}`), system.output)
    assert.ok(system.output.includes(`swaks --server 127.0.0.1:${system.port(587)} --tls`))
    assert.ok(system.output.includes(`http://127.0.0.1:${system.port(80)}/readyz?verbose`))
  })

  test('it tells how it is, to people, machines and containers', async () => {
    const { code, out } = await ask('status', '-o', 'json')
    assert.equal(code, 0)
    const status = JSON.parse(out) as {
      ready: boolean
      pid: number
      waiting: number
      listen: Record<string, string[]>
    }
    assert.deepEqual([status.ready, status.pid, status.waiting], [true, system.child.pid, 0])
    assert.deepEqual(status.listen['mx'], [`127.0.0.1:${system.port(25)}`])
    assert.match((await ask('status')).out, /\[\+\] stores/)
    const err = `(the system in ${system.data}, running)\n`
    assert.deepEqual(await ask('healthcheck'), { code: 0, out: '', err })
  })

  test('what scrapers ask is answered', async () => {
    const at = `http://127.0.0.1:${system.port(80)}`
    assert.match(await (await fetch(`${at}/readyz?verbose`)).text(), /\[\+\] msa\n[\s\S]*\nready\n$/)
    assert.match(await (await fetch(`${at}/metrics`)).text(), /^cartero_ready 1$/m)
  })

  test('the control socket and the secrets are for the owner only', () => {
    assert.equal(statSync(system.data).mode & 0o777, 0o700)
    for (const name of ['control.sock', 'credentials.json', 'tls/key.pem']) {
      assert.equal(statSync(join(system.data, name)).mode & 0o777, 0o600, name)
    }
  })

  test('accounts are added while it runs, and refused with the same exit codes', async () => {
    assert.equal((await ask('account', 'add', 'carol@cartero.test', '--generate')).code, 0)
    assert.equal((await ask('account', 'add', 'carol@cartero.test', '--generate')).code, 1)
    assert.equal((await ask('account', 'passwd', 'dave@cartero.test', '--generate')).code, 3)
    assert.match((await ask('account', 'list')).out, /^carol@cartero\.test/m)
    assert.equal(
      (await ask('alias', 'add', 'team@cartero.test', 'alice@cartero.test', 'carol@cartero.test')).code,
      0,
    )
    assert.match(
      (await ask('domain', 'list')).out,
      /^DOMAIN .*\ncartero\.test\nhome\.test .*fetch@home\.test/,
    )
  })

  test('mail for a mailbox whose quota is reached is not lost: it waits, and the status counts it', async () => {
    const address = 'erin@cartero.test'
    assert.equal((await ask('account', 'add', address, '--quota', '1MB', '--generate')).code, 0)
    using client = await LineClient.connect(system.port(25))
    await client.reply()
    await client.smtp('EHLO sender.test')
    await client.smtp('MAIL FROM:<sender@elsewhere.test>')
    assert.match(await client.smtp(`RCPT TO:<${address}>`), /^250/)
    await client.smtp('DATA')
    assert.match(
      await client.smtp(`Subject: large\r\n\r\n${`${'x'.repeat(70)}\r\n`.repeat(15_000)}.`),
      /^250/,
    )
    const signal = AbortSignal.timeout(10_000)
    while (!system.output.includes('message.deferred')) await once(system.child.stderr!, 'data', { signal })
    assert.match((await ask('status')).out, /, 1 messages on their way\n/)
  })

  test('what operators change is told, and counted where scrapers ask', async () => {
    assert.match(system.output, /"account":"alice@cartero\.test","event":"account\.added"/)
    const metrics = await (await fetch(`http://127.0.0.1:${system.port(80)}/metrics`)).text()
    assert.match(metrics, /^cartero_directory_changes_total\{subject="domain"\} 3$/m)
  })

  test('a second one on the same data is refused and touches nothing', async () => {
    const base = await freePortBase()
    const { code, err } = await cartero(['dev', '--data', system.data, '--port-base', String(base)])
    assert.equal(code, 1)
    assert.match(err, /another process is running on this data folder/)
    assert.equal((await ask('healthcheck')).code, 0)
  })
})

test('the credentials of the first start are valid at the next one, also after somebody changed a password', async () => {
  const first = await CarteroProcess.start()
  const before = readFileSync(join(first.data, 'credentials.json'), 'utf8')
  const changed = await cartero(['account', 'passwd', 'bob@cartero.test', '--generate', '--data', first.data])
  assert.equal(changed.code, 0, changed.err)
  assert.equal(await first.stop(), 0, first.output)
  await using second = await CarteroProcess.start({ data: first.data })
  assert.equal(readFileSync(join(second.data, 'credentials.json'), 'utf8'), before)
  assert.ok(!second.output.includes(second.account('alice').password), 'passwords are shown once')
  assert.match(second.output, /passwords {11}in /)
})

test('a port in use is named with the flag that moves it, and nothing is left half open', async (context) => {
  const data = join(temporaryFolder(context), 'data')
  const base = await freePortBase()
  const servers = await Promise.all([occupied(base + 587), occupied(base + 993)])
  try {
    const { code, out, err } = await cartero(['dev', '--data', data, '--port-base', String(base)])
    assert.equal(code, 1)
    assert.equal(out, '')
    assert.match(
      err,
      new RegExp(
        `127\\.0\\.0\\.1:${base + 587}: the port is in use.*127\\.0\\.0\\.1:${base + 993}: the port is in use`,
      ),
    )
    assert.match(err, new RegExp(`fix: .*--port-base N \\(it is ${base} now\\)`))
    assert.doesNotMatch(err, /\.ts:\d/, 'no stack')
    assert.equal(existsSync(join(data, 'control.sock')), false)
    assert.equal(existsSync(join(data, 'directory.sqlite')), false)
  } finally {
    for (const server of servers) server.close()
  }
})

test('a data folder that cannot be used is named with what to do', async (context) => {
  const folder = temporaryFolder(context)
  writeFileSync(join(folder, 'file'), '')
  for (const data of [join(folder, 'file'), join(folder, 'file', 'below')]) {
    const { code, err } = await cartero(['dev', '--data', data, '--port-base', String(await freePortBase())])
    assert.equal(code, 1)
    assert.match(err, /^error: .*data folder .*file/)
    assert.match(err, /fix: choose another folder with --data/)
  }
})

test('a start can be repeated over a folder that is there, whatever else is in it', async (context) => {
  const data = temporaryFolder(context)
  mkdirSync(join(data, 'content'))
  writeFileSync(join(data, 'notes.txt'), 'mine')
  const system = await CarteroProcess.start({ data })
  assert.equal(await system.stop(), 0, system.output)
  assert.equal(readFileSync(join(data, 'notes.txt'), 'utf8'), 'mine')
})

test('a configuration says what differs, and an explicit flag wins over it', async (context) => {
  const folder = temporaryFolder(context)
  writeFileSync(join(folder, 'dev.yaml'), 'hostname: mx.example.test\nlisten: { mx: [] }\n')
  await using system = await CarteroProcess.start({ args: ['--config', join(folder, 'dev.yaml')] })
  using client = await LineClient.connect(system.port(25))
  assert.match(await client.reply(), /^220 mx\.example\.test /)
})
