// `cartero serve`: real use, with a configuration.
import assert from 'node:assert/strict'
import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { test } from 'node:test'
import { CERTIFICATE, freePortBase, KEY } from '@cartero/testkit'
import { cartero, MAIN, temporaryFolder } from './cartero-command.ts'

interface LogLine {
  readonly event: string
  readonly level: string
}

test('serve logs JSON on standard output, tells what is missing, reads the certificate again and ends in order', async (context) => {
  const folder = temporaryFolder(context)
  const base = await freePortBase()
  const [file, certificate, key] = ['cartero.yaml', 'c.pem', 'k.pem'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ]
  writeFileSync(certificate, CERTIFICATE)
  writeFileSync(key, KEY)
  const doors = ['mx', 'submission', 'submissions', 'imap', 'imaps'].map(
    (name, i) => `${name}: "127.0.0.1:${base + i}"`,
  )
  writeFileSync(
    file,
    `data: ${folder}/data\ntls: { certificate: ${certificate}, key: ${key} }\nlisten: { ${doors.join(', ')}, http: "127.0.0.1:${base + 80}" }\n`,
  )
  const child = spawn(process.execPath, [MAIN, 'serve', '--config', file], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  context.after(() => child.kill('SIGKILL'))
  const lines: LogLine[] = []
  const talk: Buffer[] = []
  child.stderr.on('data', (bytes: Buffer) => talk.push(bytes))
  const until = lineReader(child, lines, () => Buffer.concat(talk).toString())

  await until('system.serves')
  assert.equal((await cartero(['healthcheck', '--config', file])).code, 0)
  const added = await cartero(['domain', 'add', 'example.org', '--config', file])
  assert.equal(added.code, 0, added.err)

  child.kill('SIGHUP')
  await until('tls.reloaded')
  writeFileSync(certificate, 'spoilt')
  child.kill('SIGHUP')
  await until('tls.reload-failed')
  assert.equal(
    (await cartero(['healthcheck', '--config', file])).code,
    0,
    'the old certificate stays in force',
  )

  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  assert.deepEqual(await ended, [0, null])
  assert.deepEqual(
    lines.map(({ event }) => event).filter((event) => event.startsWith('agent.')),
    ['agent.ready', 'agent.draining', 'agent.stopped'],
  )
  assert.equal(Buffer.concat(talk).toString(), '')
})

/** Milliseconds until an event must have come; a loaded machine starts in ten. */
const PATIENCE = 30_000

/** Reads lines of JSON; the returned function waits for an event, and rejects when it cannot come any more or is late. */
function lineReader(
  child: ChildProcessByStdio<null, Readable, Readable>,
  lines: LogLine[],
  talk: () => string,
): (event: string) => Promise<void> {
  let rest = ''
  let check = (): void => undefined
  child.stdout.on('data', (bytes: Buffer) => {
    const parts = (rest + bytes.toString()).split('\n')
    rest = parts.pop() ?? ''
    lines.push(...parts.map((part) => JSON.parse(part) as LogLine))
    check()
  })
  return async (event) => {
    const late = AbortSignal.timeout(PATIENCE)
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const giveUp = (): void => reject(new Error(`${event} did not come; serve said:\n${talk()}`))
    check = () => {
      if (lines.some((line) => line.event === event)) resolve()
    }
    late.addEventListener('abort', giveUp)
    child.once('close', giveUp)
    check()
    if (child.exitCode !== null) giveUp()
    await promise.finally(() => child.off('close', giveUp))
  }
}
