/** `*`: the largest number in use (RFC 3501 §9 seq-number). */
export const STAR: number = Number.POSITIVE_INFINITY

export type NumberRange = readonly [first: number, last: number]

/**
 * A set of sequence numbers or uids, kept as ranges, so that `1:4294967295` costs no more than `1`.
 * As parsed, a range may be reversed, overlap others and contain `*`; `resolve` makes it plain.
 */
export class NumberSet {
  readonly ranges: readonly NumberRange[]

  constructor(ranges: readonly NumberRange[]) {
    this.ranges = ranges
  }

  /** The set of ascending numbers. */
  static of(numbers: Iterable<number>): NumberSet {
    const ranges: [number, number][] = []
    let last: [number, number] | undefined
    for (const number of numbers) {
      if (last !== undefined && number === last[1] + 1) last[1] = number
      else ranges.push((last = [number, number]))
    }
    return new NumberSet(ranges)
  }

  /** Does it say `*`, or a number above `largest`? */
  reaches(largest: number): boolean {
    return this.ranges.some(([first, last]) => first > largest || last > largest)
  }

  get hasStar(): boolean {
    return this.reaches(Number.MAX_SAFE_INTEGER)
  }

  /**
   * Ascending ranges that do not overlap, `*` being `largest`. A range stands for the numbers between its ends in
   * either order, so `N:*` with N above the last message means the last message (RFC 3501 §6.4.8).
   */
  resolve(largest: number): NumberSet {
    const plain = this.ranges.map(([first, last]): [number, number] => {
      const a = first === STAR ? largest : first
      const b = last === STAR ? largest : last
      return a <= b ? [a, b] : [b, a]
    })
    return new NumberSet(merge(plain.sort((a, b) => a[0] - b[0])))
  }

  /** Is the number in this resolved set? */
  has(number: number): boolean {
    let low = 0
    let high = this.ranges.length - 1
    while (low <= high) {
      const middle = (low + high) >> 1
      const [first, last] = this.ranges[middle]!
      if (number < first) high = middle - 1
      else if (number > last) low = middle + 1
      else return true
    }
    return false
  }

  /** As it is written: `1:4,7,9:*`. */
  toString(): string {
    return this.ranges.map(rangeText).join(',')
  }
}

function merge(sorted: readonly [number, number][]): readonly NumberRange[] {
  const merged: [number, number][] = []
  for (const range of sorted) {
    const last = merged.at(-1)
    if (last === undefined || range[0] > last[1] + 1) merged.push([range[0], range[1]])
    else if (range[1] > last[1]) last[1] = range[1]
  }
  return merged
}

function rangeText([first, last]: NumberRange): string {
  return first === last ? numberText(first) : `${numberText(first)}:${numberText(last)}`
}

function numberText(number: number): string {
  return number === STAR ? '*' : String(number)
}

/**
 * What a command's number set means: sequence numbers or uids, or the result that SEARCH saved (`$`, RFC 9051 §6.4.4.1).
 */
export interface MessageNumbers {
  readonly set: NumberSet | '$'
  readonly uid: boolean
}
