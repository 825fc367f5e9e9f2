import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Citation } from './citations.ts'
import { parseSections, unknownSections } from './sections.ts'

const sections = parseSections('rfc\tsections\n5321\t1 4 4.1 4.1.1 4.1.1.1-3 A A.1-2\n8601\t1-4')
const cited = (rfc: number, section: string): Citation => ({
  rfc,
  section,
  kind: 'rule',
  note: '',
  file: 'libs/smtp/src/x.ts',
  line: 7,
})
const complaint = (rfc: number, section: string): string | undefined =>
  unknownSections(sections, [cited(rfc, section)])[0]

test('a section that the RFC has is known, in a range and among the appendices too', () => {
  for (const section of ['1', '4.1.1', '4.1.1.1', '4.1.1.3', 'A.2', 'appendix A', ''])
    assert.equal(complaint(5321, section), undefined, section)
  assert.equal(complaint(8601, '3'), undefined)
})

test('a section that the RFC does not have is found', () => {
  assert.equal(complaint(5321, '4.1.1.4'), 'libs/smtp/src/x.ts:7: RFC 5321 has no §4.1.1.4')
  assert.match(complaint(8601, '5')!, /no §5/)
})

test('an RFC whose sections are not listed is named', () => {
  assert.match(complaint(821, '3.4')!, /does not list RFC 821/)
  assert.equal(complaint(821, ''), undefined)
})

test('a malformed list is refused with its line', () => {
  assert.throws(() => parseSections('rfc\tsections\n5321\t1 x'), /sections\.tsv:2: 'x' is no section/)
  assert.throws(() => parseSections('rfc\tsections\n5321\t1.3-2'), /is no range/)
  assert.throws(() => parseSections('rfc\tsections\n5321\t1\n821\t1'), /out of order/)
  assert.throws(() => parseSections('5321\t1'), /first line/)
})
