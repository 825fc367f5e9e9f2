const TIMESTAMP =
  /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?(?:Z|([-+])(\d{2}):(\d{2}))$/i
const MINUTE = 60_000

/**
 * Reads a date and time as protocols write them, `2027-01-31T09:00:00Z`.
 * @returns milliseconds since the epoch, or undefined when it is none; a leap second is the second after it
 */
// RFC 3339 §5.6
export function parseTimestamp(text: string): number | undefined {
  const match = TIMESTAMP.exec(text)
  if (match === null) return undefined
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  // RFC 3339 §5.7
  if (month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return undefined
  if (hour > 23 || minute > 59 || second > 60) return undefined
  const offset = zoneOffset(match[8], Number(match[9] ?? 0), Number(match[10] ?? 0))
  if (offset === undefined) return undefined
  const milliseconds = Math.trunc(Number(`0.${match[7] ?? '0'}`) * 1000)
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  date.setUTCHours(hour, minute, second, milliseconds)
  return date.getTime() - offset * MINUTE
}

/** In UTC, with a fraction only where there is one. */
// RFC 3339 §5.6
export function formatTimestamp(epochMs: number): string {
  return new Date(epochMs).toISOString().replace('.000Z', 'Z')
}

/** Minutes east of UTC. */
function zoneOffset(sign: string | undefined, hours: number, minutes: number): number | undefined {
  if (hours > 23 || minutes > 59) return undefined
  return (sign === '-' ? -1 : 1) * (hours * 60 + minutes)
}

function daysIn(year: number, month: number): number {
  const date = new Date(0)
  date.setUTCFullYear(year, month, 0)
  return date.getUTCDate()
}
