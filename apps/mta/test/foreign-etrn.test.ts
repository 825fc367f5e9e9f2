// fetchmail has its mail sent, as a host does that is not always there.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { DEFAULT_ETRN_POLICY } from '@cartero/spool/reception'
import { command, lacks } from '@cartero/testkit'
import { networks } from '@cartero/testkit/edge'
import { MxStage } from './mx-stage.ts'

const folder = mkdtempSync(join(tmpdir(), 'cartero-etrn-'))
after(() => rmSync(folder, { recursive: true }))

/** What fetchmail exits with, and says: 0 something was started, 1 nothing waits. */
async function fetchmail(port: number, node: string): Promise<{ code: number | null; words: string }> {
  const file = join(folder, 'fetchmailrc')
  writeFileSync(file, `poll 127.0.0.1 protocol ETRN service ${port} fetchdomains ${node}\n`, { mode: 0o600 })
  const words = ['-f', file, '--nodetach', '--pidfile', join(folder, 'pid'), '-v']
  const { code, stdout, stderr } = await command('fetchmail', words)
  return { code, words: stdout + stderr }
}

test(
  'fetchmail has its mail sent, and hears when there is none and when it is not its own',
  {
    skip: lacks('fetchmail', 'fetchmail'),
  },
  async () => {
    const nodes = ['branch.example', 'empty.example'].map((name) => ({ kind: 'domain' as const, name }))
    const allow = [{ nodes, networks: networks('127.0.0.1'), accounts: new Set<string>() }]
    await using stage = await MxStage.open({ etrn: { ...DEFAULT_ETRN_POLICY, allow } })
    await stage.ground.deferred({ kind: 'remote', domain: 'branch.example' }, 2)
    const started = await fetchmail(stage.port, 'branch.example')
    assert.equal(started.code, 0, started.words)
    assert.match(started.words, /253 2\.0\.0 OK, 2 pending messages for node branch\.example started/)
    assert.deepEqual(await stage.ground.due(), ['branch.example!'])
    const empty = await fetchmail(stage.port, 'empty.example')
    assert.match(empty.words, /No messages waiting for empty\.example/)
    const other = await fetchmail(stage.port, 'other.example')
    assert.match(other.words, /Node other\.example not allowed/)
    assert.notEqual(other.code, 0)
  },
)
