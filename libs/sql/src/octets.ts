/** Wraps a blob that came out of a store as a Buffer. The octets are not copied. */
export function asBuffer(blob: Uint8Array): Buffer {
  return Buffer.from(blob.buffer, blob.byteOffset, blob.byteLength)
}

/**
 * Cloning a view copies all of its ArrayBuffer: a 30-octet prefix cut from a 64 KiB socket chunk would carry 64 KiB
 * across. So views of something larger are copied out first. Everything else is passed as it is.
 */
export function compact(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Uint8Array) {
    return value.byteLength === value.buffer.byteLength ? value : new Uint8Array(value)
  }
  if (Array.isArray(value)) return value.map(compact)
  if (Object.getPrototypeOf(value) !== Object.prototype) return value
  const copy: Record<string, unknown> = {}
  for (const key in value) copy[key] = compact((value as Record<string, unknown>)[key])
  return copy
}
