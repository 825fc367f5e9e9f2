import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const ACCEPTING = fileURLToPath(new URL('./accepting-process.ts', import.meta.url))
const RECOVERING = fileURLToPath(new URL('./recovering-process.ts', import.meta.url))
const ROUNDS = Number(process.env['CARTERO_CRASH_ROUNDS'] ?? 3)

type Line = readonly [word: string, queueId: string, hash: string]

/** What a process says until it ends, or is killed at a random moment after its first word. */
async function run(script: string, args: readonly string[], isKilled: boolean): Promise<readonly Line[]> {
  const child = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  const output = text(child.stdout)
  const exit = once(child, 'exit')
  if (isKilled) {
    await Promise.race([once(child.stdout, 'data'), exit])
    await sleep(Math.random() * 1_500)
    child.kill('SIGKILL')
  }
  const [code] = (await exit) as [number | null]
  assert.equal(code, isKilled ? null : 0, script)
  const lines = (await output).split('\n').slice(0, -1)
  return lines.map((line) => line.split(' ') as unknown as Line)
}

describe('kill -9', () => {
  it(`loses nothing that was accepted, changes no octet of it, and sends nothing again that was settled as relayed (${ROUNDS} times)`, async () => {
    const directory = await mkdtemp(join(tmpdir(), 'cartero-crash-'))
    const accepted = new Map<string, string>()
    const over = new Set<string>()
    const relayed = new Set<string>()
    for (let round = 1; round <= ROUNDS; round++) {
      for (const [word, queueId, hash] of await run(ACCEPTING, [directory, `${round}`], true)) {
        if (word === 'accepted') accepted.set(queueId, hash)
        if (word === 'delivering' || word === 'sending') over.add(queueId)
        if (word === 'relayed') relayed.add(queueId)
      }
      const found = new Map(
        (await run(RECOVERING, [directory], false)).map(([, queueId, hash]) => [queueId, hash]),
      )
      for (const [queueId, hash] of accepted) {
        if (!over.has(queueId)) assert.equal(found.get(queueId), hash, `${queueId} of round ${round}`)
      }
      for (const queueId of relayed)
        assert.ok(!found.has(queueId), `${queueId} was with another host, and is sent again (round ${round})`)
      assert.ok(accepted.size > over.size, 'the test has to accept more than it delivers')
    }
    assert.ok(relayed.size > 0, 'the test has to relay something')
    await rm(directory, { recursive: true })
  })
})
