// The counts that node's test runner prints last, added up over several runs.

const COUNTS = ['tests', 'suites', 'pass', 'fail', 'cancelled', 'skipped', 'todo'] as const
type Count = (typeof COUNTS)[number]

export interface Summary {
  readonly runs: number
  readonly counts: Readonly<Record<Count, number>>
}

/** Reads `ℹ tests 12` of the spec reporter and `# tests 12` of TAP, coloured or not. */
export function addSummaries(log: string): Summary {
  const counts = { tests: 0, suites: 0, pass: 0, fail: 0, cancelled: 0, skipped: 0, todo: 0 }
  let runs = 0
  // oxlint-disable-next-line no-control-regex -- colours are control characters
  const plain = log.replace(/\x1b\[[0-9;]*m/g, '')
  for (const [, name = '', value] of plain.matchAll(/^[ℹ#] ([a-z]+) (\d+)$/gm)) {
    if (!isCount(name)) continue
    counts[name] += Number(value)
    if (name === 'tests') runs += 1
  }
  return { runs, counts }
}

/** In the form of the test runner itself, so that whoever reads one reads the other. */
export function formatSummary({ runs, counts }: Summary): string {
  return [`all ${runs} rooms together:`, ...COUNTS.map((name) => `ℹ ${name} ${counts[name]}`)].join('\n')
}

/** A run without a single test is no success. */
export function isGreen({ counts }: Summary): boolean {
  return counts.tests > 0 && counts.fail === 0 && counts.cancelled === 0
}

function isCount(name: string): name is Count {
  return COUNTS.some((count) => count === name)
}
