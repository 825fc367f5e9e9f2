import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Coverage } from './coverage.ts'
import { mutate } from './mutate.ts'
import { Random } from './random.ts'

/** Something to be tried with anything. */
export interface Target {
  readonly name: string
  /** Which files are looked at for new paths. */
  readonly scripts: RegExp
  /** What the grammar is made of. */
  readonly words: readonly string[]
  /** Inputs to begin with, besides those of `corpus/<name>`. */
  readonly seeds: readonly Buffer[]
  /** Rejects when a promise is broken. `random` is for what the input does not decide, such as where it is cut. */
  run(input: Buffer, random: Random): Promise<void>
}

export interface Finding {
  readonly input: Buffer
  readonly error: unknown
}

export interface Report {
  readonly runs: number
  readonly inputs: number
  readonly blocks: number
  readonly findings: readonly Finding[]
}

/** Mutants of one input that are tried before coverage is looked at: looking costs as much as some hundred runs. */
const LITTER = 200

/** More of them would be the same. */
const ENOUGH_FINDINGS = 5

/** Inputs that were kept, as files. Findings go there when they are mended. */
export function corpusOf(name: string): readonly Buffer[] {
  const folder = fileURLToPath(new URL(`corpus/${name}/`, import.meta.url))
  return readdirSync(folder)
    .filter((file) => !file.startsWith('.'))
    .toSorted()
    .map((file) => readFileSync(`${folder}${file}`))
}

/** Tries mutants of what is known until the time is over; what runs code that nothing ran before is mutated further. */
export async function fuzz(target: Target, seed: number, until: () => boolean): Promise<Report> {
  const random = new Random(seed)
  const coverage = new Coverage(target.scripts)
  const words = target.words.map((word) => Buffer.from(word, 'latin1'))
  const inputs = [...target.seeds, ...corpusOf(target.name)]
  const findings: Finding[] = []
  let runs = 0
  const attempt = async (input: Buffer): Promise<void> => {
    runs++
    await target.run(input, random).catch((error: unknown) => findings.push({ input, error }))
  }
  for (const input of inputs) await attempt(input)
  coverage.fresh()
  while (!until() && findings.length < ENOUGH_FINDINGS) {
    const litter = Array.from({ length: LITTER }, () => mutate(random.pick(inputs), random, words, inputs))
    for (const mutant of litter) await attempt(mutant)
    let wanted = coverage.fresh()
    // Something in the litter was somewhere new: which of them?
    for (const mutant of litter) {
      if (wanted.size === 0) break
      await attempt(mutant)
      const reached = coverage.among(wanted)
      if (reached.size > 0) inputs.push(mutant)
      wanted = wanted.difference(reached)
    }
  }
  return { runs, inputs: inputs.length, blocks: coverage.blocks, findings }
}
