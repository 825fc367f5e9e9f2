/**
 * Messages that one statement writes: the server ends a statement that takes long (POSTGRES_LIMITS.statement), and what is large must
 * be possible, too.
 */
export const WRITTEN_AT_ONCE = 4_000

/** Acts on a few at a time, in order. */
export async function inPortions<T>(
  all: readonly T[],
  act: (portion: readonly T[]) => Promise<unknown>,
): Promise<void> {
  for (let at = 0; at < all.length; at += WRITTEN_AT_ONCE) await act(all.slice(at, at + WRITTEN_AT_ONCE))
}

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
