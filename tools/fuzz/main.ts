// usage: npm run fuzz -- <target> [--minutes 10] [--seed 1]
import { mkdirSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { fuzz } from './engine.ts'
import { TARGETS } from './targets.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { minutes: { type: 'string', default: '10' }, seed: { type: 'string' } },
})
const target = TARGETS.find(({ name }) => name === positionals[0])
if (target === undefined) {
  console.error(`which target? ${TARGETS.map(({ name }) => name).join(', ')}`)
  process.exitCode = 2
} else {
  const seed = Number(values.seed ?? Date.now() % 1_000_000)
  const end = performance.now() + Number(values.minutes) * 60_000
  const report = await fuzz(target, seed, () => performance.now() > end)
  console.log(
    `${target.name}: seed ${seed}, ${report.runs} runs, ${report.inputs} inputs kept, ${report.blocks} blocks of code reached, ` +
      `${report.findings.length} findings`,
  )
  for (const [i, { input, error }] of report.findings.entries()) {
    const file = `/tmp/cartero-fuzz/${target.name}-${seed}-${i}`
    mkdirSync('/tmp/cartero-fuzz', { recursive: true })
    writeFileSync(file, input)
    console.log(`\n${file}\n`, error)
    process.exitCode = 1
  }
}
