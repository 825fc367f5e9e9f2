import {
  createCounter,
  createGauge,
  createHistogram,
  type Instrument,
  type Registered,
  type Sample,
} from './instruments.ts'
import type { MetricDeclaration } from './metric-declarations.ts'

export type MetricDeclarations = Readonly<Record<string, MetricDeclaration>>
export type Instruments<D extends MetricDeclarations> = { readonly [K in keyof D]: Instrument<D[K]> }

const CREATE = { counter: createCounter, gauge: createGauge, histogram: createHistogram } as const

/** All metrics of a process. Counting costs additions only; the text is made when somebody asks for it. */
export class MetricRegistry {
  readonly #registered = new Map<string, Registered>()
  readonly #exposed = new Set<Registered>()
  #formatter: Promise<Formatter> | undefined

  /** Makes instruments of declarations. The same declaration twice gives the same instrument, so agents can share it. */
  register<const D extends MetricDeclarations>(declarations: D): Instruments<D> {
    const instruments = Object.entries(declarations).map(([key, declaration]) => [
      key,
      this.#one(declaration),
    ])
    return Object.fromEntries(instruments) as Instruments<D>
  }

  /** What is declared, by name: the reference page. */
  get declarations(): readonly MetricDeclaration[] {
    return Array.from(this.#registered.values(), ({ declaration }) => declaration).toSorted((a, b) =>
      a.name < b.name ? -1 : 1,
    )
  }

  /** The text format of Prometheus. */
  async exposition(): Promise<{ readonly contentType: string; readonly text: string }> {
    this.#formatter ??= openFormatter()
    const formatter = await this.#formatter
    for (const registered of this.#registered.values()) {
      if (this.#exposed.has(registered)) continue
      this.#exposed.add(registered)
      formatter.registerMetric(scraped(registered))
    }
    return { contentType: formatter.contentType, text: await formatter.metrics() }
  }

  #one(declaration: MetricDeclaration): object {
    const known = this.#registered.get(declaration.name)
    if (known?.declaration === declaration) return known.instrument
    if (known !== undefined) throw new TypeError(`the metric ${declaration.name} is declared twice`)
    const registered = CREATE[declaration.kind](declaration)
    this.#registered.set(declaration.name, registered)
    return registered.instrument
  }
}

interface ScrapedMetric {
  readonly name: string
  get(): Promise<{ name: string; help: string; type: string; values: Sample[] }>
}

/** The part of prom-client that we use: it formats whatever answers get(). */
interface Formatter {
  readonly contentType: string
  registerMetric(metric: ScrapedMetric): void
  metrics(): Promise<string>
}

/** Loaded at the first scrape: it costs a start 50 ms, and a process that nobody scrapes nothing. */
async function openFormatter(): Promise<Formatter> {
  const { default: client } = await import('prom-client')
  return new client.Registry() as unknown as Formatter
}

function scraped(registered: Registered): ScrapedMetric {
  const { name, doc, kind } = registered.declaration
  return { name, get: async () => ({ name, help: doc, type: kind, values: registered.samples() }) }
}
