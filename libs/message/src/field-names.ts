/** Field names that somebody looks for, found in octets without making strings. Names compare without case (RFC 5322 §1.2.2). */
export class FieldNames {
  readonly #byLength: string[][] = []

  constructor(names: readonly string[]) {
    for (const name of names) {
      const lower = name.toLowerCase()
      const peers = (this.#byLength[lower.length] ??= [])
      if (!peers.includes(lower)) peers.push(lower)
    }
  }

  /** The name that stands from `start` to `end`, in lower case, if it is one of ours. */
  find(bytes: Buffer, start: number, end: number): string | undefined {
    const peers = this.#byLength[end - start]
    if (peers === undefined) return undefined
    for (const name of peers) if (equalsName(bytes, start, name)) return name
    return undefined
  }
}

/** Whether `name`, which is in lower case, stands at `start`. */
export function equalsName(bytes: Buffer, start: number, name: string): boolean {
  for (let i = 0; i < name.length; i++) {
    const octet = bytes[start + i]!
    const lower = octet >= 0x41 && octet <= 0x5a ? octet | 0x20 : octet
    if (lower !== name.charCodeAt(i)) return false
  }
  return true
}
