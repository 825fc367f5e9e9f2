// Adds up the closing lines of every test runner in a log (`ℹ tests 12`), for each room runs a runner of its own.
// Usage: node tools/ci/test-summary.ts LOG. Fails when a test failed, was cancelled, or none ran.

import { readFileSync } from 'node:fs'
import { addSummaries, formatSummary, isGreen } from './summary.ts'

const summary = addSummaries(readFileSync(process.argv[2] ?? '/dev/stdin', 'utf8'))
console.log(formatSummary(summary))
if (!isGreen(summary)) process.exitCode = 1
