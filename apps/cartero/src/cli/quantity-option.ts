import { UsageError } from './exit-code.ts'

/** Octets of an option such as `--quota 5GB`. Throws UsageError when it says something else. */
export async function octetsOf(option: string, text: string): Promise<number> {
  const { bytes } = await import('@cartero/agent/config')
  return quantityOf(option, text, bytes({ min: '1MB', max: '1000000GB' }))
}

/** Seconds of an option such as `--keep 30d`. Throws UsageError when it says something else. */
export async function secondsOf(option: string, text: string): Promise<number> {
  const { duration } = await import('@cartero/agent/config')
  return Math.round(quantityOf(option, text, duration({ min: '1m', max: '365d' })) / 1_000)
}

interface Notation {
  readonly expected: string
  readonly schema: {
    safeParse(text: string): { readonly success: true; readonly data: number } | { readonly success: false }
  }
}

function quantityOf(option: string, text: string, { expected, schema }: Notation): number {
  const parsed = schema.safeParse(text)
  if (parsed.success) return parsed.data
  throw new UsageError(`${option} takes ${expected}, not '${text}'`)
}
