const MONTHS: readonly string[] = [
  'Jan',
  'Feb',
  'Mar',
  'Apr',
  'May',
  'Jun',
  'Jul',
  'Aug',
  'Sep',
  'Oct',
  'Nov',
  'Dec',
]

/** Milliseconds of a day. */
export const DAY: number = 86_400_000

/** The number of a month of three letters, whatever its case, from 0; or undefined. */
export function monthNumber(name: string): number | undefined {
  const index = MONTHS.findIndex((month) => month.toLowerCase() === name.toLowerCase())
  return index === -1 ? undefined : index
}

/** Midnight UTC of a day, in milliseconds since the epoch; undefined when there is no such day (31-Feb). */
export function midnight(year: number, month: number, day: number): number | undefined {
  const date = new Date(0)
  date.setUTCFullYear(year, month, day)
  const real = date.getUTCFullYear() === year && date.getUTCMonth() === month && date.getUTCDate() === day
  return real ? date.getTime() : undefined
}

/** RFC 3501 §9 date-time without its quotes, in UTC: ` 1-Feb-2026 07:08:09 +0000`. `at` is in milliseconds. */
export function formatDateTime(at: number): string {
  const date = new Date(at)
  const time = `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}`
  const day = String(date.getUTCDate()).padStart(2, ' ')
  const year = String(date.getUTCFullYear()).padStart(4, '0')
  return `${day}-${MONTHS[date.getUTCMonth()]!}-${year} ${time} +0000`
}

/** RFC 3501 §9 date: `1-Feb-2026`. */
export function formatDate(at: number): string {
  const date = new Date(at)
  return `${date.getUTCDate()}-${MONTHS[date.getUTCMonth()]!}-${String(date.getUTCFullYear()).padStart(4, '0')}`
}

function two(number: number): string {
  return number < 10 ? `0${number}` : String(number)
}
