// RFC 5322 §3.3: the date-time of Date, Resent-Date and trace fields.

/** An instant, and the zone in which its author wrote it. */
export interface DateTime {
  /** Milliseconds since the epoch; a date-time has whole seconds. */
  readonly epochMs: number
  /** Minutes east of UTC; 0 also when the author's zone is not known. */
  readonly offsetMinutes: number
}

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const MINUTE = 60_000

/** Real date-times have 31 octets, with comments some dozens more; a longer text is not searched for one. */
const LONGEST_DATE_TIME = 1_000

// RFC 5322 §4.3: what is not here, military letters included, counts as "-0000".
const OBSOLETE_ZONES: Readonly<Record<string, number>> = {
  EDT: -4 * 60,
  EST: -5 * 60,
  CDT: -5 * 60,
  CST: -6 * 60,
  MDT: -6 * 60,
  MST: -7 * 60,
  PDT: -7 * 60,
  PST: -8 * 60,
}

/**
 * `Tue, 1 Jul 2003 10:52:37 +0200`. `offsetMinutes` chooses the zone that is shown, not the instant.
 * RFC 5322 §3.3; throws RangeError for an instant that a four-digit year cannot tell.
 */
export function formatDateTime(epochMs: number, offsetMinutes: number = 0): string {
  const local = new Date(epochMs + offsetMinutes * MINUTE)
  const year = local.getUTCFullYear()
  if (!(year >= 1900 && year <= 9999)) throw new RangeError(`no date-time for ${epochMs} ms`)
  const date = `${DAYS[local.getUTCDay()]}, ${local.getUTCDate()} ${MONTHS[local.getUTCMonth()]} ${year}`
  const time = [local.getUTCHours(), local.getUTCMinutes(), local.getUTCSeconds()].map(twoDigits).join(':')
  return `${date} ${time} ${formatZone(offsetMinutes)}`
}

function formatZone(offsetMinutes: number): string {
  const minutes = Math.abs(Math.trunc(offsetMinutes))
  return `${offsetMinutes < 0 ? '-' : '+'}${twoDigits(Math.floor(minutes / 60))}${twoDigits(minutes % 60)}`
}

function twoDigits(value: number): string {
  return value < 10 ? `0${value}` : String(value)
}

/**
 * Reads a date-time, obsolete forms included (RFC 5322 §4.3): comments and folds anywhere, years of two or three digits, no
 * seconds, zones by name. Undefined when there is no such instant. A wrong day of the week and a
 * missing zone are not held against it, because both are common and the instant is still told.
 */
export function parseDateTime(text: string): DateTime | undefined {
  const words = dateTimeWords(text)
  if (words === undefined) return undefined
  const cursor = { words, at: 0 }
  skipDayName(cursor)
  const day = takeNumber(cursor, 1, 2)
  const month = MONTHS.indexOf(capitalised(cursor.words[cursor.at++] ?? ''))
  const year = takeYear(cursor)
  const milliseconds = takeTime(cursor)
  const offsetMinutes = takeZone(cursor)
  if (day === undefined || month === -1 || year === undefined) return undefined
  if (milliseconds === undefined || offsetMinutes === undefined || cursor.at < words.length) return undefined
  if (day < 1 || day > daysIn(year, month)) return undefined
  return { epochMs: Date.UTC(year, month, day) + milliseconds - offsetMinutes * MINUTE, offsetMinutes }
}

interface Cursor {
  readonly words: readonly string[]
  at: number
}

/** Runs of digits, runs of letters and single other characters, without comments and white space. */
function dateTimeWords(text: string): readonly string[] | undefined {
  if (text.length > LONGEST_DATE_TIME) return undefined
  return withoutComments(text)?.match(/[0-9]+|[A-Za-z]+|[^\s]/g) ?? undefined
}

/** Comments nest (RFC 5322 §3.2.2); undefined when one stays open. */
function withoutComments(text: string): string | undefined {
  if (!text.includes('(')) return text
  let kept = ''
  let depth = 0
  for (let i = 0; i < text.length; i++) {
    const character = text[i]!
    if (depth > 0 && character === '\\') i++
    else if (character === '(') depth++
    else if (depth > 0 && character === ')') depth--
    else if (depth === 0) kept += character
    if (depth === 1 && character === '(') kept += ' '
  }
  return depth === 0 ? kept : undefined
}

function skipDayName(cursor: Cursor): void {
  if (!DAYS.includes(capitalised(cursor.words[cursor.at]?.slice(0, 3) ?? ''))) return
  cursor.at++
  if (cursor.words[cursor.at] === ',') cursor.at++
}

function capitalised(word: string): string {
  return word.slice(0, 1).toUpperCase() + word.slice(1).toLowerCase()
}

function takeNumber(cursor: Cursor, fewest: number, most: number): number | undefined {
  const word = cursor.words[cursor.at]
  if (word === undefined || word.length < fewest || word.length > most || !isDigits(word)) return undefined
  cursor.at++
  return Number(word)
}

function isDigits(word: string): boolean {
  return word.charCodeAt(0) >= 0x30 && word.charCodeAt(0) <= 0x39
}

// RFC 5322 §4.3: 00-49 are of this century, other two-digit and all three-digit years count from 1900.
function takeYear(cursor: Cursor): number | undefined {
  const digits = cursor.words[cursor.at]?.length ?? 0
  const year = takeNumber(cursor, 2, 4)
  if (year === undefined) return undefined
  if (digits === 2) return year < 50 ? 2000 + year : 1900 + year
  if (digits === 3) return 1900 + year
  return year >= 1900 ? year : undefined
}

/** Milliseconds since midnight. */
function takeTime(cursor: Cursor): number | undefined {
  const hour = takeNumber(cursor, 1, 2)
  const minute = takeColon(cursor) ? takeNumber(cursor, 2, 2) : undefined
  const second = takeColon(cursor) ? takeNumber(cursor, 2, 2) : 0
  if (hour === undefined || minute === undefined || second === undefined) return undefined
  // RFC 5322 §3.3: 60 is a leap second, which POSIX time counts as the first of the next minute.
  if (hour > 23 || minute > 59 || second > 60) return undefined
  return ((hour * 60 + minute) * 60 + second) * 1000
}

function takeColon(cursor: Cursor): boolean {
  if (cursor.words[cursor.at] !== ':') return false
  cursor.at++
  return true
}

/** Minutes east of UTC. */
function takeZone(cursor: Cursor): number | undefined {
  const word = cursor.words[cursor.at]
  // RFC 5322 §3.3 deviation: a missing zone counts as `-0000`, because many mailers leave it out.
  if (word === undefined) return 0
  cursor.at++
  if (word === '+' || word === '-') return takeNumericZone(cursor, word === '-' ? -1 : 1)
  return /^[A-Za-z]{1,5}$/.test(word) ? (OBSOLETE_ZONES[word.toUpperCase()] ?? 0) : undefined
}

function takeNumericZone(cursor: Cursor, sign: 1 | -1): number | undefined {
  const digits = takeNumber(cursor, 4, 4)
  if (digits === undefined || digits % 100 > 59) return undefined
  // `+ 0` keeps "-0000" from becoming negative zero.
  return sign * (Math.floor(digits / 100) * 60 + (digits % 100)) + 0
}

function daysIn(year: number, month: number): number {
  return new Date(Date.UTC(year, month + 1, 0)).getUTCDate()
}
