import { transferDecoder } from '../codec/transfer-decoder.ts'
import { HeaderBlock } from '../header-block.ts'
import { KeptOctets } from '../kept-octets.ts'
import type { Part } from '../mime/message-index.ts'
import { MessageIndexer } from '../mime/message-indexer.ts'
import { textOf } from '../octet-string.ts'
import { LF } from '../octets.ts'
import { REPORT_LIMITS } from './delivery-report.ts'

/** The parts of a report that somebody else made. */
export interface ReadReport {
  /** Header of the report itself. */
  readonly header: HeaderBlock
  /** Body of the machine-readable part, decoded; undefined when there is none. */
  readonly machine: Buffer | undefined
  /** Header of the message that it is about, as far as it is there. */
  readonly original: HeaderBlock | undefined
}

/** As many octets of a source as are looked at. */
export async function readBeginning(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const kept = new KeptOctets(REPORT_LIMITS.readOctets)
  let length = 0
  for await (const { buffer, byteOffset, byteLength } of source) {
    kept.append(Buffer.from(buffer, byteOffset, byteLength), 0, byteLength)
    length += byteLength
    if (length >= REPORT_LIMITS.readOctets) break
  }
  return kept.first(length)
}

/** Finds the machine-readable part by its type, wherever it stands, and the message or header that comes back. */
export function readReport(octets: Buffer, machineTypes: readonly string[]): ReadReport {
  const bytes = octets.subarray(0, REPORT_LIMITS.readOctets)
  const indexer = new MessageIndexer()
  indexer.write(bytes)
  const { root } = indexer.end()
  const parts = [...partsOf(root)]
  const machine = parts.find((part) => machineTypes.includes(nameOf(part)))
  return {
    header: HeaderBlock.parse(bytes),
    machine: machine && bodyOf(bytes, machine),
    original: originalHeader(bytes, parts),
  }
}

function* partsOf(part: Part): Generator<Part> {
  yield part
  for (const child of part.parts ?? []) yield* partsOf(child)
}

function nameOf(part: Part): string {
  return `${part.type}/${part.subtype}`
}

function bodyOf(bytes: Buffer, part: Part): Buffer {
  const decoder = transferDecoder(part.encoding)
  return Buffer.concat([decoder.write(bytes.subarray(part.bodyStart, part.bodyEnd)), decoder.end()])
}

const HEADER_TYPES = [
  'text/rfc822-headers',
  'message/global-headers',
  'text/rfc822-header',
  'message/rfc822-headers',
]

function originalHeader(bytes: Buffer, parts: readonly Part[]): HeaderBlock | undefined {
  const message = parts.find((part) => part.message !== undefined)
  if (message !== undefined) return HeaderBlock.parse(bytes.subarray(message.bodyStart, message.bodyEnd))
  const header = parts.find((part) => HEADER_TYPES.includes(nameOf(part)))
  return header && HeaderBlock.parse(bodyOf(bytes, header))
}

/** One group of fields: names in lower case, values on one line, of a field that comes twice the first. */
export type FieldGroup = ReadonlyMap<string, string>

/**
 * The groups of a machine-readable part (RFC 3464 §2.1): blank lines between them, and whatever else stands between is
 * passed over.
 */
export function fieldGroups(body: Buffer, most: number): readonly FieldGroup[] {
  const groups: FieldGroup[] = []
  for (let at = 0; at < body.length && groups.length < most;) {
    const block = HeaderBlock.parse(body.subarray(at))
    if (block.fields.length > 0) groups.push(groupOf(block))
    at += block.bodyStart > 0 ? block.bodyStart : lineOctets(body, at)
  }
  return groups
}

function groupOf({ fields }: HeaderBlock): FieldGroup {
  const group = new Map<string, string>()
  for (const field of fields) {
    const name = field.name.toLowerCase()
    if (!group.has(name)) group.set(name, textOf(field.value))
  }
  return group
}

function lineOctets(body: Buffer, at: number): number {
  const lineFeed = body.indexOf(LF, at)
  return (lineFeed === -1 ? body.length : lineFeed + 1) - at
}
