import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { test } from 'node:test'

import { ConfigError, resolveConfig } from '@cartero/agent/config'

import { certificateNeedsToken, sample } from './sample-config.ts'

const CORPUS = globSync(`${import.meta.dirname}/fixtures/config-errors/*.yaml`).toSorted()

test('the corpus is there', () => {
  assert.ok(CORPUS.length >= 15)
})

for (const file of CORPUS) {
  test(`${basename(file)} is refused with the place, the reason and the fix`, async () => {
    const expected = readFileSync(file.replace(/\.yaml$/, '.txt'), 'utf8')
    const source = { file: { name: basename(file), text: readFileSync(file, 'utf8') } }
    await assert.rejects(resolveConfig(sample, source, [certificateNeedsToken]), (error) => {
      assert.ok(error instanceof ConfigError)
      assert.equal(`${error.message}\n`, expected)
      return true
    })
  })
}
