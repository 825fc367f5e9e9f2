// `npm run rfc`: prints the coverage, says what is wrong with citations and index, and renews SPECIFICATIONS.md.

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../house/files.ts'
import { scanRepository } from './citations.ts'
import { coverageOf, disagreements } from './coverage.ts'
import { readIndex } from './index-file.ts'
import { generatedPart, withGeneratedPart } from './specifications.ts'

const file = join(root, 'SPECIFICATIONS.md')
const index = readIndex()
const scan = scanRepository()

for (const { rfc, title, status, room } of index) {
  const { sections, places } = coverageOf(rfc, scan.citations)
  const cited = places > 0 ? `${sections} sections in ${places} places` : ''
  console.log(
    `${String(rfc).padStart(5)}  ${status.padEnd(7)}  ${room.padEnd(15)}  ${title.padEnd(48)}  ${cited}`,
  )
}
const count = (kind: string): number => scan.citations.filter((citation) => citation.kind === kind).length
console.log(`\n${scan.citations.length} citations, ${count('todo')} gaps, ${count('deviation')} deviations`)

const wrong = disagreements(index, scan)
for (const sentence of wrong) console.error(sentence)
if (wrong.length > 0) process.exitCode = 1

writeFileSync(file, withGeneratedPart(readFileSync(file, 'utf8'), generatedPart(index, scan.citations)))
