import { parseDomain } from '@cartero/syntax'

/** How long a policy may be kept at most: about a year. Seconds. */
// RFC 8461 §3.2
export const MAX_AGE_LIMIT = 31_557_600

/** What a domain demands of those that bring it mail. */
export interface StsPolicy {
  readonly mode: 'enforce' | 'testing' | 'none'
  /** Names of mail hosts in lower case; `*.` stands for one label. */
  readonly mx: readonly string[]
  /** Seconds. */
  readonly maxAge: number
  /** Its lines as they were, for reports. */
  readonly lines: readonly string[]
}

/** A policy that makes no sense, and in which way. */
export class StsPolicyError extends Error {
  override readonly name = 'StsPolicyError'
}

// RFC 8461 §3.2
const LINE = /^(?<key>[A-Za-z0-9][A-Za-z0-9_.-]{0,31})[ \t]*:[ \t]*(?<value>.*?)[ \t]*$/
const MODES: ReadonlySet<string> = new Set(['enforce', 'testing', 'none'])

/** Reads a policy. Throws StsPolicyError. What it has besides is passed over; of what it has twice, the first counts. */
export function parseStsPolicy(text: string): StsPolicy {
  const lines = text.split(/\r?\n/).filter((line) => line !== '')
  const once = new Map<string, string>()
  const mx: string[] = []
  for (const line of lines) {
    const { key, value } = LINE.exec(line)?.groups ?? {}
    if (key === undefined || value === undefined) {
      throw new StsPolicyError(`the line ${JSON.stringify(line.slice(0, 100))} is no key and value`)
    }
    if (key === 'mx') mx.push(mxPattern(value))
    else if (!once.has(key)) once.set(key, value)
  }
  if (once.get('version') !== 'STSv1') throw new StsPolicyError('its version is not STSv1')
  const mode = once.get('mode') ?? ''
  if (!isMode(mode)) throw new StsPolicyError('its mode is not enforce, testing or none')
  if (mx.length === 0 && mode !== 'none') throw new StsPolicyError('it names no mail host')
  return { mode, mx, maxAge: maxAge(once.get('max_age') ?? ''), lines }
}

function isMode(text: string): text is StsPolicy['mode'] {
  return MODES.has(text)
}

function mxPattern(value: string): string {
  const isWildcard = value.startsWith('*.')
  const domain = parseDomain(isWildcard ? value.slice(2) : value)
  if (domain === undefined) {
    throw new StsPolicyError(`its mx ${JSON.stringify(value.slice(0, 100))} is no name of a host`)
  }
  return isWildcard ? `*.${domain}` : domain
}

function maxAge(value: string): number {
  if (!/^\d{1,10}$/.test(value)) throw new StsPolicyError('its max_age is no number of seconds')
  return Math.min(Number(value), MAX_AGE_LIMIT)
}

/** Whether mail may go to a host of that name. A wildcard stands for the first label, and for nothing less or more. */
// RFC 8461 §4.1
export function allowsHost({ mx }: StsPolicy, name: string): boolean {
  const dot = name.indexOf('.')
  return mx.includes(name) || (dot > 0 && mx.includes(`*${name.slice(dot)}`))
}
