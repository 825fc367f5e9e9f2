import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { root } from '../house/files.ts'
import { scanRepository } from './citations.ts'
import { disagreements } from './coverage.ts'
import { readIndex } from './index-file.ts'
import { readSections, unknownSections } from './sections.ts'
import { generatedPart, withGeneratedPart } from './specifications.ts'

const scan = scanRepository()
const index = readIndex()

test('the scan looks at the code at all', () => {
  assert.ok(scan.citations.some(({ rfc, file }) => rfc === 5321 && file.startsWith('libs/smtp/')))
})

test('every citation keeps the form and agrees with tools/rfc/index.tsv', () => {
  assert.deepEqual(disagreements(index, scan), [])
})

test('every section that is cited is one that the RFC has', () => {
  assert.deepEqual(unknownSections(readSections(), scan.citations), [])
})

test('SPECIFICATIONS.md is fresh (else: npm run rfc)', () => {
  const document = readFileSync(join(root, 'SPECIFICATIONS.md'), 'utf8')
  assert.equal(withGeneratedPart(document, generatedPart(index, scan.citations)), document)
})
