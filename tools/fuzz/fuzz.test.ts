import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fuzz } from './engine.ts'
import type { Target } from './engine.ts'
import { TARGETS } from './targets.ts'

/** As long as a test may take; `npm run fuzz` is for minutes. */
const MILLISECONDS = 4_000

/** The same each time, so that a change that fails here fails at its author's, too. */
const SEED = 20_261_123

for (const target of TARGETS) {
  test(`${target.name} keeps its promises whatever it is fed`, async () => {
    const end = performance.now() + MILLISECONDS
    const { findings, runs } = await fuzz(target, SEED, () => performance.now() > end)
    assert.ok(runs > 100, 'hardly anything was tried')
    for (const { input, error } of findings) {
      throw new Error(`with ${JSON.stringify(input.toString('latin1'))}`, { cause: error })
    }
  })
}

test('a broken promise is found', async () => {
  const target: Target = {
    name: 'smtp-server',
    scripts: /\/tools\/fuzz\/fuzz\.test\.ts$/,
    words: ['MAGIC'],
    seeds: [Buffer.from('EHLO client.example\r\n')],
    run: async (input) => {
      if (input.includes('MAGIC')) {
        if (input.includes('MAGICMAGIC')) throw new Error('found')
      }
    },
  }
  const end = performance.now() + 60_000
  const { findings } = await fuzz(target, SEED, () => performance.now() > end)
  assert.match(String(findings[0]?.error), /found/)
})
