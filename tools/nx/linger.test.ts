import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'

const guard = fileURLToPath(new URL('linger.ts', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'cartero-linger-'))
after(() => rmSync(folder, { recursive: true, force: true }))

function run(name: string, code: string): { status: number | null; output: string } {
  const file = join(folder, name)
  writeFileSync(file, `import { test } from 'node:test'\nimport { createServer } from 'node:net'\n${code}\n`)
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  const { status, stdout } = spawnSync(process.execPath, ['--import', guard, '--test', file], {
    env: { ...env, CARTERO_TEST_GRACE: '2000' },
    encoding: 'utf8',
    timeout: 60_000,
  })
  return { status, output: stdout }
}

test('a file that leaves a server open fails and says what is left, instead of hanging', () => {
  const { status, output } = run('leak.test.ts', `test('green', () => { createServer().listen(0) })`)
  assert.equal(status, 1)
  assert.match(output, /keeps the process alive: .*TCPServerWrap/)
})

test('a file that closes what it opened passes', () => {
  const close = `test('green', (_, done) => { const s = createServer().listen(0, () => s.close(() => done())) })`
  assert.equal(run('clean.test.ts', close).status, 0)
})
