import { Session, type Profiler } from 'node:inspector'

/** Which blocks of the code under test have run, as V8 counts them. */
export class Coverage {
  readonly #session = new Session()
  readonly #seen = new Set<string>()
  readonly #scripts: RegExp

  /** @param scripts which files are of interest, by their URL */
  constructor(scripts: RegExp) {
    this.#scripts = scripts
    this.#session.connect()
    this.#session.post('Profiler.enable')
    this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
  }

  /** Blocks that ran since the last look and never before. */
  fresh(): ReadonlySet<string> {
    const fresh = this.#ran().difference(this.#seen)
    for (const block of fresh) this.#seen.add(block)
    return fresh
  }

  /** Which of these blocks ran since the last look. */
  among(blocks: ReadonlySet<string>): ReadonlySet<string> {
    return this.#ran().intersection(blocks)
  }

  get blocks(): number {
    return this.#seen.size
  }

  #ran(): Set<string> {
    const ran = new Set<string>()
    for (const { url, functions } of this.#take()) {
      if (!this.#scripts.test(url)) continue
      for (const { count, startOffset, endOffset } of functions.flatMap(({ ranges }) => ranges)) {
        if (count > 0) ran.add(`${url}:${startOffset}-${endOffset}`)
      }
    }
    return ran
  }

  #take(): readonly Profiler.ScriptCoverage[] {
    let result: readonly Profiler.ScriptCoverage[] = []
    this.#session.post('Profiler.takePreciseCoverage', (_error, taken) => (result = taken.result))
    return result
  }
}
