/** An array of numbers as a parameter: cheaper than the driver's own way, which quotes each. */
export function numbers(values: Iterable<number>): string {
  return `{${[...values].join(',')}}`
}

/** Reads what `int8send` has written, one number after the other. */
export function numbersIn(octets: Buffer | null): Float64Array {
  if (octets === null) return new Float64Array(0)
  const view = new DataView(octets.buffer, octets.byteOffset, octets.length)
  const found = new Float64Array(octets.length / 8)
  for (let at = 0; at < found.length; at++) {
    found[at] = view.getUint32(8 * at) * 0x1_0000_0000 + view.getUint32(8 * at + 4)
  }
  return found
}
