/** An array of numbers as a parameter: cheaper than the driver's own way, which quotes each. */
export function numbers(values: Iterable<number>): string {
  return `{${[...values].join(',')}}`
}

/** Reads what `int8send` has written. */
export function numbersIn(octets: Buffer | null): Float64Array {
  const numbers = new Float64Array((octets?.length ?? 0) / 8)
  for (let at = 0; at < numbers.length; at++) numbers[at] = numberAt(octets as Buffer, 8 * at)
  return numbers
}

export function numberAt(octets: Buffer, at: number): number {
  return octets.readUInt32BE(at) * 0x1_0000_0000 + octets.readUInt32BE(at + 4)
}
