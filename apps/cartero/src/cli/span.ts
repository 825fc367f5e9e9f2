const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
] as const

/** A time between two moments in its largest unit: `5m`, `3h`, `2d`. Never negative. */
export function span(milliseconds: number): string {
  const [unit, length] = UNITS.find(([, least]) => milliseconds >= least) ?? ['s', 1_000]
  return `${Math.max(Math.floor(milliseconds / length), 0)}${unit}`
}

/** Octets in a few characters: `812`, `4.1K`, `12M`. */
export function shortSize(octets: number): string {
  if (octets < 1_000) return String(octets)
  const exponent = octets < 1_000_000 ? 1 : octets < 1_000_000_000 ? 2 : 3
  const amount = octets / 1_000 ** exponent
  return `${amount < 10 ? amount.toFixed(1) : Math.floor(amount)}${'KMG'[exponent - 1]}`
}

/** `1 delivery`, `2 deliveries`. */
export function deliveries(count: number): string {
  return `${count.toLocaleString('en')} ${count === 1 ? 'delivery' : 'deliveries'}`
}
