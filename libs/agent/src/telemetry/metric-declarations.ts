/** The values that each label can have, all known beforehand: series are bounded by what is written here. */
export type LabelValues = Readonly<Record<string, readonly string[]>>

/** What a metric is, in prose and in numbers; the reference page is made of these. */
export interface MetricDeclaration<K extends MetricKind = MetricKind, L extends LabelValues = LabelValues> {
  readonly kind: K
  /** With the prefix `cartero_` and a unit: `_seconds`, `_bytes`; counters end in `_total`. */
  readonly name: string
  /** One sentence, without a full stop. */
  readonly doc: string
  readonly labels: L
  /** Upper bounds, ascending; histograms only. */
  readonly buckets?: readonly number[]
}

export type MetricKind = 'counter' | 'gauge' | 'histogram'

/** Buckets by kind of quantity, so that graphs of one kind can be added up. */
export const BUCKETS = {
  /** What a peer waits for: 1 ms to 10 s. */
  protocolSeconds: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  /** From acceptance to delivery: 1 s to 5 days. */
  journeySeconds: [0.1, 0.5, 1, 5, 15, 60, 300, 900, 3_600, 14_400, 86_400, 432_000],
  /** Messages: 1 KiB to 64 MiB. */
  octets: [1_024, 4_096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 16_777_216, 67_108_864],
  /** Recipients, batch sizes: 1 to 1000. */
  counts: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000],
} as const

/** A metric's series may not outnumber this: what is scraped must stay small. */
const MOST_SERIES = 400
const NAME = /^cartero_[a-z0-9_]+$/
const NO_LABELS: LabelValues = {}
type NoLabels = Readonly<Record<string, never>>

type Prose<L extends LabelValues> = { readonly name: string; readonly doc: string; readonly labels?: L }

/** Something that is counted and only grows. */
export function counter<const L extends LabelValues = NoLabels>(
  prose: Prose<L>,
): MetricDeclaration<'counter', L> {
  if (!prose.name.endsWith('_total')) throw new TypeError(`the counter ${prose.name} must end in _total`)
  return declared('counter', prose)
}

/** Something that goes up and down. */
export function gauge<const L extends LabelValues = NoLabels>(
  prose: Prose<L>,
): MetricDeclaration<'gauge', L> {
  return declared('gauge', prose)
}

/** Something that is measured again and again. */
export function histogram<const L extends LabelValues = NoLabels>(
  prose: Prose<L> & { readonly buckets: readonly number[] },
): MetricDeclaration<'histogram', L> {
  return { ...declared('histogram', prose), buckets: prose.buckets }
}

function declared<K extends MetricKind, L extends LabelValues>(
  kind: K,
  prose: Prose<L>,
): MetricDeclaration<K, L> {
  const labels = prose.labels ?? (NO_LABELS as L)
  const series = Object.values(labels).reduce((product, values) => product * values.length, 1)
  if (!NAME.test(prose.name))
    throw new TypeError(`the metric ${prose.name} must be named cartero_…, in lower case`)
  if (series > MOST_SERIES)
    throw new TypeError(`the metric ${prose.name} would have ${series} series, more than ${MOST_SERIES}`)
  return { kind, name: prose.name, doc: prose.doc, labels }
}
