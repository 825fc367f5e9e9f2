import { FieldScanner } from './field-scanner.ts'

// RFC 6710 §3: priority-value, -9 to 9 without leading zeros and without a plus.
const VALUE = /^(?:0|-?[1-9])$/

/**
 * The value of MT-Priority (RFC 6758 §3.4), -9 to 9; undefined for anything else. Whether to believe it depends on who
 * wrote it (RFC 6758 §3.1).
 */
export function parseMtPriority(value: Buffer): number | undefined {
  const scanner = new FieldScanner(value)
  scanner.cfws()
  const word = scanner.token()
  scanner.cfws()
  return word !== undefined && scanner.atEnd && VALUE.test(word) ? Number(word) : undefined
}

/**
 * `MT-Priority: 3`, line end included: how a priority goes through a hop that knows no MT-PRIORITY (RFC 6758 §3.3).
 * Throws RangeError.
 */
export function mtPriorityField(priority: number): Buffer {
  if (!Number.isInteger(priority) || Math.abs(priority) > 9) throw new RangeError(`no priority: ${priority}`)
  return Buffer.from(`MT-Priority: ${priority}\r\n`)
}
