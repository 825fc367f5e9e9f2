/** Figures of each contestant, one for each round. */
export type Figures = Map<string, number[]>

export const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** Runs each contestant once a round, in turns, so that what the machine does otherwise falls on all alike. */
export async function interleave(
  contestants: readonly { readonly name: string; measure(): Promise<number> }[],
  rounds: number,
): Promise<Figures> {
  const figures: Figures = new Map(contestants.map(({ name }) => [name, []]))
  for (let round = 0; round < rounds; round++) {
    const order = round % 2 === 0 ? contestants : contestants.toReversed()
    for (const contestant of order) figures.get(contestant.name)!.push(await contestant.measure())
  }
  return figures
}

/** One line for a case: medians, and how many times the first is each of the others. */
export function report(title: string, figures: Figures, unit: string): void {
  const rows = [...figures].map(([name, values]) => ({ name, value: median(values), values }))
  const cells = rows.map(
    ({ name, value, values }) => `${name} ${round(value)}${unit} (${values.map(round).join(' ')})`,
  )
  const ratios = rows.slice(1).map(({ value }) => (rows[0]!.value / value).toFixed(2))
  const ratio = ratios.length > 0 ? `   ratio ${ratios.join(', ')}` : ''
  console.log(`${title.padEnd(36)} ${cells.join('   ')}${ratio}`)
}

const round = (value: number): string => (value >= 100 ? value.toFixed(0) : value.toPrecision(3))
