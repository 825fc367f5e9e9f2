import type { JourneyEvent } from './ports.ts'

/** Fields whose values an event is found by: a text, or several. */
const KEYED_FIELDS = ['qid', 'about', 'msgid', 'from', 'to', 'peer', 'account', 'domains'] as const

/** The form in which keys are compared: without blanks and angle brackets around it, whatever its case. '' is no key. */
export function foldKey(key: string): string {
  const bare = key.trim()
  return (bare.startsWith('<') && bare.endsWith('>') ? bare.slice(1, -1) : bare).toLowerCase()
}

/** Calls back with every key of an event, folded. The same one may come twice. */
export function eachKey({ fields }: JourneyEvent, visit: (key: string) => void): void {
  for (const name of KEYED_FIELDS) {
    const value = fields[name]
    if (typeof value === 'string') visitText(value, visit)
    else if (Array.isArray(value)) {
      for (const one of value) if (typeof one === 'string') visitText(one, visit)
    }
  }
}

/** @param key folded */
export function hasKey(event: JourneyEvent, key: string): boolean {
  let found = false
  eachKey(event, (one) => {
    found ||= one === key
  })
  return found
}

function visitText(text: string, visit: (key: string) => void): void {
  const key = foldKey(text)
  if (key !== '') visit(key)
}
