import type { Peer } from './peer.ts'
import { until } from './peer.ts'

/** The first field of each letter; what stands in front of it was added on the way. */
const FIELD = 'X-Letter: '

export interface LetterText {
  /** By which it is found again. */
  readonly name: string
  readonly octets: Buffer
}

let count = 0

/** A whole message with a name of its own, so that nobody needs to complete it. Lines are ended by CRLF. */
export function text(lines: readonly (string | Buffer)[], fields: readonly string[] = []): LetterText {
  const name = `${process.pid}-${++count}`
  const header = [
    `${FIELD}${name}`,
    'From: Sender <sender@peer.test>',
    'To: Somebody <somebody@peer.test>',
    'Date: Mon, 05 Jan 2026 10:00:00 +0100',
    `Message-ID: <${name}@peer.test>`,
    ...fields,
    '',
  ]
  const octets = Buffer.concat([...header, ...lines].flatMap((line) => [Buffer.from(line), CRLF]))
  return { name, octets }
}

const CRLF = Buffer.from('\r\n')

/** Lines that are easily spoiled: dots at their start, spaces at their end, as long as RFC 5321 §4.5.3.1.6 allows, none at all. */
export const SPOILABLE: readonly string[] = [
  '.',
  '..',
  '. and more',
  '',
  '.'.repeat(998),
  'x'.repeat(998),
  'a space at the end ',
  'From the start of a line',
  '=3D is no encoding',
  '\tEND',
  '',
  '.',
]

/** About so many octets of lines that are easily spoiled. */
export function manyLines(octets: number): readonly string[] {
  const lines: string[] = []
  for (let size = 0; size < octets;) {
    for (const line of SPOILABLE) {
      lines.push(line)
      size += line.length + 2
    }
  }
  return lines
}

/** The letter of that name as it was sent, from what was stored: without trace fields, with CRLF as on the wire. */
export function asSent(stored: Buffer, name: string): Buffer | undefined {
  const start = stored.indexOf(`${FIELD}${name}`)
  const isThere =
    start !== -1 && /[\r\n]/.test(String.fromCharCode(stored[start + FIELD.length + name.length]!))
  if (!isThere) return undefined
  return Buffer.from(stored.subarray(start).toString('latin1').replace(/\r?\n/g, '\r\n'), 'latin1')
}

/** Everything of that name at the peer, once there is so much of it. */
export function copiesAt(peer: Peer, name: string, atLeast = 1): Promise<readonly Buffer[]> {
  return until(
    `${atLeast} of letter ${name} at ${peer.name}`,
    async () => {
      const copies = (await peer.received()).flatMap((stored) => asSent(stored, name) ?? [])
      return copies.length >= atLeast ? copies : undefined
    },
    () => peer.log(),
  )
}
