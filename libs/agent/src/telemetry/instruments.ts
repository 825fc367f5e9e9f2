import type { LabelValues, MetricDeclaration } from './metric-declarations.ts'

/** One value for each label. */
export type Labels<L extends LabelValues> = { readonly [K in keyof L]: L[K][number] }

export interface Counter<L extends LabelValues> {
  add(labels: Labels<L>, amount?: number): void
  /** Asked at each scrape instead of being added to; cheap, synchronous, and never falling. */
  read(labels: Labels<L>, reader: () => number): void
}

export interface Gauge<L extends LabelValues> {
  set(labels: Labels<L>, value: number): void
  add(labels: Labels<L>, amount: number): void
  /** Asked at each scrape instead of being set; cheap and synchronous. */
  read(labels: Labels<L>, reader: () => number): void
}

export interface Histogram<L extends LabelValues> {
  observe(labels: Labels<L>, value: number): void
}

export type Instrument<D> =
  D extends MetricDeclaration<'counter', infer L>
    ? Counter<L>
    : D extends MetricDeclaration<'gauge', infer L>
      ? Gauge<L>
      : D extends MetricDeclaration<'histogram', infer L>
        ? Histogram<L>
        : never

/** What a scrape reads of one series. */
export interface Sample {
  readonly metricName: string
  readonly labels: Readonly<Record<string, string | number>>
  readonly value: number
}

/** The numbers of one metric. On the hot path a count is one map lookup and an addition; all else waits for the scrape. */
class Series<T> {
  readonly declaration: MetricDeclaration
  readonly #names: readonly string[]
  readonly #cells = new Map<string, { readonly labels: Readonly<Record<string, string>>; value: T }>()

  /** Every combination of label values exists from the start, at zero, so that rates and alerts work from the start. */
  constructor(declaration: MetricDeclaration, zero: () => T) {
    this.declaration = declaration
    this.#names = Object.keys(declaration.labels)
    for (const labels of combinations(declaration.labels)) {
      this.#cells.set(this.#key(labels), { labels, value: zero() })
    }
  }

  /** Throws TypeError for a label value that is not declared: series never grow at run time. */
  cell(labels: Readonly<Record<string, string>>): { value: T } {
    const cell = this.#cells.get(this.#key(labels))
    if (cell !== undefined) return cell
    throw new TypeError(`${this.declaration.name} declares no series ${JSON.stringify(labels)}`)
  }

  cells(): Iterable<{ readonly labels: Readonly<Record<string, string>>; readonly value: T }> {
    return this.#cells.values()
  }

  #key(labels: Readonly<Record<string, string>>): string {
    const names = this.#names
    if (names.length === 1) return labels[names[0] as string] as string
    let key = ''
    for (const name of names) key += `${labels[name]}\n`
    return key
  }
}

function combinations(labels: LabelValues): Record<string, string>[] {
  let rows: Record<string, string>[] = [{}]
  for (const [name, values] of Object.entries(labels)) {
    rows = rows.flatMap((row) => values.map((value) => ({ ...row, [name]: value })))
  }
  return rows
}

/** Something registered: what is handed to the code that counts, and what a scrape reads. */
export interface Registered {
  readonly instrument: object
  readonly declaration: MetricDeclaration
  samples(): Sample[]
}

const valueNow = (value: number | (() => number)): number => (typeof value === 'number' ? value : value())

export function createCounter(declaration: MetricDeclaration): Registered {
  const series = new Series<number | (() => number)>(declaration, () => 0)
  const instrument: Counter<LabelValues> = {
    add: (labels, amount = 1) => {
      const cell = series.cell(labels)
      cell.value = valueNow(cell.value) + amount
    },
    read: (labels, reader) => {
      series.cell(labels).value = reader
    },
  }
  return { instrument, declaration, samples: () => plainSamples(series, valueNow) }
}

export function createGauge(declaration: MetricDeclaration): Registered {
  const series = new Series<number | (() => number)>(declaration, () => 0)
  const instrument: Gauge<LabelValues> = {
    set: (labels, value) => {
      series.cell(labels).value = value
    },
    add: (labels, amount) => {
      const cell = series.cell(labels)
      cell.value = valueNow(cell.value) + amount
    },
    read: (labels, reader) => {
      series.cell(labels).value = reader
    },
  }
  return { instrument, declaration, samples: () => plainSamples(series, valueNow) }
}

interface Distribution {
  /** One more than there are bounds; the last counts what is above all. */
  readonly counts: number[]
  sum: number
}

export function createHistogram(declaration: MetricDeclaration): Registered {
  const bounds = declaration.buckets ?? []
  const zero = (): Distribution => ({ counts: Array.from({ length: bounds.length + 1 }, () => 0), sum: 0 })
  const series = new Series(declaration, zero)
  const instrument: Histogram<LabelValues> = {
    observe: (labels, value) => {
      const distribution = series.cell(labels).value
      let bucket = 0
      while (bucket < bounds.length && value > (bounds[bucket] as number)) bucket++
      distribution.counts[bucket] = (distribution.counts[bucket] as number) + 1
      distribution.sum += value
    },
  }
  return { instrument, declaration, samples: () => distributionSamples(series, bounds) }
}

function plainSamples<T>(series: Series<T>, now: (value: T) => number): Sample[] {
  const metricName = series.declaration.name
  return Array.from(series.cells(), ({ labels, value }) => ({ metricName, labels, value: now(value) }))
}

/** Cumulative, as Prometheus wants it. */
function distributionSamples(series: Series<Distribution>, bounds: readonly number[]): Sample[] {
  const { name } = series.declaration
  return Array.from(series.cells()).flatMap(({ labels, value: { counts, sum } }) => {
    let total = 0
    const buckets = counts.map((count, index) => {
      total += count
      const le = bounds[index] ?? '+Inf'
      return { metricName: `${name}_bucket`, labels: { ...labels, le }, value: total }
    })
    return [
      ...buckets,
      { metricName: `${name}_sum`, labels, value: sum },
      { metricName: `${name}_count`, labels, value: total },
    ]
  })
}
