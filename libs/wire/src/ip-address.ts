const DOT = 0x2e
const ZERO = 0x30
const NINE = 0x39

/** The longest text form: eight groups of which the last two are written as IPv4. */
const IPV6_CHARACTERS = 45

/** Four numbers without leading zeros, which some libraries read as octal; or undefined. */
// RFC 5321 §4.1.3
export function parseIpv4(text: string): readonly number[] | undefined {
  const numbers: number[] = []
  let digits = 0
  let value = 0
  for (let i = 0; i <= text.length; i++) {
    const code = i === text.length ? DOT : text.charCodeAt(i)
    if (code === DOT) {
      if (digits === 0 || numbers.push(value) > 4) return undefined
      digits = value = 0
    } else {
      value = value * 10 + code - ZERO
      const isLeadingZero = digits === 1 && value < 10
      if (code < ZERO || code > NINE || isLeadingZero || value > 255) return undefined
      digits++
    }
  }
  return numbers.length === 4 ? numbers : undefined
}

/** Eight groups of sixteen bits, or undefined. */
// RFC 4291 §2.2
export function parseIpv6(text: string): readonly number[] | undefined {
  if (text.length > IPV6_CHARACTERS) return undefined
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const head = parseGroups(halves[0]!, halves.length === 1)
  const tail = halves.length === 2 ? parseGroups(halves[1]!, true) : []
  if (head === undefined || tail === undefined) return undefined
  const zeros = 8 - head.length - tail.length
  if (halves.length === 1 ? zeros !== 0 : zeros < 1) return undefined
  return [...head, ...Array<number>(zeros).fill(0), ...tail]
}

function parseGroups(text: string, mayEndInIpv4: boolean): readonly number[] | undefined {
  if (text === '') return []
  const parts = text.split(':')
  const groups: number[] = []
  for (const [i, part] of parts.entries()) {
    const ipv4 = mayEndInIpv4 && i === parts.length - 1 && part.includes('.') ? parseIpv4(part) : undefined
    if (ipv4) groups.push(ipv4[0]! * 256 + ipv4[1]!, ipv4[2]! * 256 + ipv4[3]!)
    else if (/^[0-9a-fA-F]{1,4}$/.test(part)) groups.push(Number.parseInt(part, 16))
    else return undefined
  }
  return groups
}

/** Lower case, the longest run of zero groups cut. */
// RFC 5952 §4
export function formatIpv6(groups: readonly number[]): string {
  let start = 0
  let length = 0
  for (let i = 0; i < 8; i++) {
    let end = i
    while (end < 8 && groups[end] === 0) end++
    if (end - i > length) [start, length] = [i, end - i]
  }
  const hex = groups.map((group) => group.toString(16))
  if (length < 2) return hex.join(':')
  return `${hex.slice(0, start).join(':')}::${hex.slice(start + length).join(':')}`
}

export function formatIpv4(numbers: readonly number[]): string {
  return numbers.join('.')
}

/** The four numbers in an IPv4-mapped address, `::ffff:192.0.2.1`; undefined for any other. */
// RFC 4291 §2.5.5.2
export function mappedIpv4(groups: readonly number[]): readonly number[] | undefined {
  if (groups[5] !== 0xffff || groups.slice(0, 5).some((group) => group !== 0)) return undefined
  return groups.slice(6).flatMap((group) => [group >> 8, group & 0xff])
}

/** Eight groups as text; what is mapped as the IPv4 address that it is. */
export function formatUnmapped(groups: readonly number[]): string {
  const ipv4 = mappedIpv4(groups)
  return ipv4 ? formatIpv4(ipv4) : formatIpv6(groups)
}

/** One form for each address; undefined for what is none. */
export function normalAddress(text: string): string | undefined {
  if (!text.includes(':')) return parseIpv4(text) && text
  const groups = parseIpv6(text)
  return groups && formatUnmapped(groups)
}

/** An address as the system tells it: a dual-stack socket shows an IPv4 peer as `::ffff:192.0.2.1`. */
export function withoutMapping(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address
}
