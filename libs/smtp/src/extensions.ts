/** The service extensions that this room knows, by their EHLO keyword, and what they need. */
export const EXTENSIONS = {
  PIPELINING: 'RFC 2920',
  SIZE: 'RFC 1870',
  '8BITMIME': 'RFC 6152',
  SMTPUTF8: 'RFC 6531',
  ENHANCEDSTATUSCODES: 'RFC 2034',
  STARTTLS: 'RFC 3207',
  AUTH: 'RFC 4954',
  HELP: 'RFC 5321 §4.1.1.1',
  DSN: 'RFC 3461',
  CHUNKING: 'RFC 3030',
  BINARYMIME: 'RFC 3030',
  DELIVERBY: 'RFC 2852',
  FUTURERELEASE: 'RFC 4865',
  'MT-PRIORITY': 'RFC 6710',
  REQUIRETLS: 'RFC 8689',
  LIMITS: 'RFC 9422',
  'NO-SOLICITING': 'RFC 3865',
  VRFY: 'RFC 5321 §3.5.2',
  EXPN: 'RFC 5321 §3.5.2',
  SEND: 'RFC 821 §3.4',
  SOML: 'RFC 821 §3.4',
  SAML: 'RFC 821 §3.4',
  ETRN: 'RFC 1985',
  ATRN: 'RFC 2645',
  TURN: 'RFC 821 §3.8',
  XCLIENT: 'Postfix XCLIENT_README',
  XFORWARD: 'Postfix XFORWARD_README',
} as const

export type Extension = keyof typeof EXTENSIONS

/** What a server said that it can: keyword to parameters, as they stand in its EHLO answer. */
export type Offer = ReadonlyMap<string, string>

/** Reads the lines of an EHLO answer, the first of which names the host. Lines that are none are passed over. */
// RFC 5321 §4.1.1.1: ehlo-line
export function parseOffer(lines: readonly string[]): Offer {
  const offer = new Map<string, string>()
  for (const line of lines.slice(1)) {
    // `AUTH=PLAIN` is what servers said before RFC 2554 and some still do.
    const match = /^([A-Za-z0-9][A-Za-z0-9-]*)(?:[ =](.*))?$/.exec(line.trim())
    if (match !== null && !offer.has(match[1]!.toUpperCase()))
      offer.set(match[1]!.toUpperCase(), match[2] ?? '')
  }
  return offer
}
