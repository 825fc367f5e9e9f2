import { inspect } from 'node:util'
import { z } from 'zod'

import type { ValueType } from './value-type.ts'

const REDACTED = '[redacted]'
const REFERENCE = z.union([
  z.string().min(1),
  z.strictObject({ file: z.string() }),
  z.strictObject({ env: z.string() }),
])

/** A value that is redacted by its type: in logs, in JSON, in templates and in the debugger. Only `reveal` tells it. */
export class Secret {
  readonly #value: string

  constructor(value: string) {
    this.#value = value
  }

  reveal(): string {
    return this.#value
  }

  toString(): string {
    return REDACTED
  }

  toJSON(): string {
    return REDACTED
  }

  [inspect.custom](): string {
    return REDACTED
  }
}

/** Where secrets are looked up. `readFile` and `environment` throw or give undefined when there is nothing. */
export interface SecretSources {
  readonly readFile: (path: string) => string
  readonly environment: Readonly<Record<string, string | undefined>>
}

/** A secret, written as `{ file: PATH }`, `{ env: NAME }` or as it is. A line break at the end of a file does not count. */
export function secret(sources: SecretSources): ValueType<Secret> {
  const schema = REFERENCE.transform((raw, context) => {
    const value = lookUp(raw, sources)
    if (typeof value === 'string') return new Secret(value)
    context.addIssue({ code: 'custom', message: value.problem })
    return z.NEVER
  })
  return { expected: 'a secret: { file: PATH }, { env: NAME } or text', schema, isSecret: true }
}

function lookUp(
  raw: string | { readonly file: string } | { readonly env: string },
  { readFile, environment }: SecretSources,
): string | { readonly problem: string } {
  if (typeof raw === 'string') return raw
  if ('env' in raw) return environment[raw.env] ?? { problem: `the environment has no ${raw.env}` }
  try {
    return readFile(raw.file).replace(/\r?\n$/, '')
  } catch (error) {
    return {
      problem: `${raw.file} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    }
  }
}

/** What may be shown of a secret that was written like this: where it lies, not what it is. */
export function redacted(raw: unknown): unknown {
  return REFERENCE.safeParse(raw).success && typeof raw !== 'string' ? raw : REDACTED
}
