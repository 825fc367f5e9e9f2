import type { CommandScanner } from '../command-scanner.ts'
import { replies } from '../replies.ts'
import { ReplyError } from '../reply-error.ts'

/** BDAT: so many octets of the message stand behind the line. */
// RFC 3030 §2
export interface BdatCommand {
  readonly verb: 'BDAT'
  /** Exact up to `Number.MAX_SAFE_INTEGER`; more than that is more than anybody has. */
  readonly octets: number
  /** The message ends with this chunk. */
  readonly last: boolean
}

// RFC 3030 §2: chunk-size; no more digits than a size has (RFC 1870 §3)
const CHUNK_SIZE = /^[0-9]{1,20}$/

export function parseBdat(scanner: CommandScanner): BdatCommand {
  const octets = scanChunkSize(scanner)
  if (octets === undefined) throw new ReplyError(replies.syntax('BDAT <octets> [LAST]'))
  if (scanner.lineEnd()) return { verb: 'BDAT', octets, last: false }
  const last = scanner.word()?.toUpperCase() === 'LAST'
  if (!last || !scanner.lineEnd()) throw new ReplyError(replies.syntax('BDAT <octets> [LAST]'))
  return { verb: 'BDAT', octets, last }
}

/** The size alone, which is needed even where the rest of the line is wrong; undefined when there is none. */
export function scanChunkSize(scanner: CommandScanner): number | undefined {
  const digits = scanner.word()
  return digits !== undefined && CHUNK_SIZE.test(digits) ? Number(digits) : undefined
}

export function formatBdat(octets: number, last: boolean): string {
  return `BDAT ${octets}${last ? ' LAST' : ''}`
}
