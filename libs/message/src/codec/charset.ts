/** RFC 2978 §2.3: names of charsets have at most 40 characters. White space around one makes it another label. */
const LONGEST_LABEL = 40

/** Labels that mail uses and the WHATWG encoding standard does not list. */
const ALIASES: Readonly<Record<string, string>> = {
  'x-unknown': 'windows-1252',
  'unknown-8bit': 'windows-1252',
  default: 'windows-1252',
  cp932: 'shift_jis',
  cp936: 'gbk',
  cp949: 'euc-kr',
  cp950: 'big5',
  utf8mb4: 'utf-8',
}

/**
 * A decoder for a MIME charset (RFC 2046 §4.1.2), or undefined when we have none for it. It does not throw: what is broken
 * becomes U+FFFD. ASCII and Latin 1 are read as Windows-1252, as the WHATWG does.
 */
export function charsetDecoder(charset: string): TextDecoder | undefined {
  const label = charset.trim().toLowerCase()
  try {
    return new TextDecoder(ALIASES[label] ?? label)
  } catch {
    return undefined
  }
}

/** Decoders that keep no state between calls. Only labels that exist come in, some two hundred. */
const decoders = new Map<string, TextDecoder>()

/** All octets at once; undefined when the charset is unknown. */
export function decodeCharset(charset: string, octets: Buffer): string | undefined {
  const known = decoders.get(charset)
  if (known !== undefined) return known.decode(octets)
  const decoder = charsetDecoder(charset)
  if (decoder !== undefined && charset.length <= LONGEST_LABEL) decoders.set(charset, decoder)
  return decoder?.decode(octets)
}
