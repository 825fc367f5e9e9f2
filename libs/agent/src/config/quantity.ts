import { notation, type ValueType } from './value-type.ts'

const DURATION_UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}
const OCTET_UNITS: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  kb: 1_000,
  mb: 1_000_000,
  gb: 1_000_000_000,
  kib: 1_024,
  mib: 1_048_576,
  gib: 1_073_741_824,
}

/** Milliseconds, written as `500ms`, `30s`, `5m`, `12h`, `5d`. */
export function duration(range: { readonly min: string; readonly max: string }): ValueType<number> {
  return quantity('a duration such as 30s, 5m or 2d', DURATION_UNITS, range)
}

/** Octets, written as `50MB` (decimal), `64KiB` (binary) or a plain number. */
export function bytes(range: { readonly min: string; readonly max: string }): ValueType<number> {
  return quantity('a size such as 64KiB, 50MB or 2GiB', OCTET_UNITS, range)
}

function quantity(
  expected: string,
  units: Readonly<Record<string, number>>,
  { min, max }: { readonly min: string; readonly max: string },
): ValueType<number> {
  const parse = (raw: string): number | undefined => {
    const [, amount, unit] = /^\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*$/i.exec(raw) ?? []
    const factor = unit === undefined ? undefined : units[unit.toLowerCase()]
    return amount === undefined || factor === undefined ? undefined : Math.round(Number(amount) * factor)
  }
  const lowest = parse(min) ?? 0
  const highest = parse(max) ?? 0
  return notation(`${expected}, from ${min} to ${max}`, (raw) => {
    const value = parse(raw)
    return value !== undefined && value >= lowest && value <= highest ? value : undefined
  })
}
