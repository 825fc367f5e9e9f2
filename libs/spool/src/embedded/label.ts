import type { LabelledContent } from '@cartero/content'

import { SpoolError, type Envelope, type QueueId, type SpooledMessage } from '../ports.ts'

/*
 * The label of an accepted message: version (1 octet), length of the JSON (4 octets, big-endian), JSON of everything
 * but the prefix, prefix.
 */
const VERSION = 2
/** Its envelopes ask for nothing that has to be honoured later: no wait, no priority, no deadline. */
const FIRST_VERSION = 1
const HEADER = 5

interface LabelText {
  readonly queueId: QueueId
  readonly acceptedAt: number
  readonly envelope: Envelope
}

export function encodeLabel({
  queueId,
  acceptedAt,
  envelope,
  prefix,
}: LabelText & { readonly prefix: Buffer }): Buffer {
  const json = JSON.stringify({ queueId, acceptedAt, envelope })
  const length = Buffer.byteLength(json)
  const label = Buffer.allocUnsafe(HEADER + length + prefix.length)
  label[0] = VERSION
  label.writeUInt32BE(length, 1)
  label.write(json, HEADER)
  prefix.copy(label, HEADER + length)
  return label
}

/** The message that a labelled frame makes. Throws SpoolError when a newer version has written it. */
export function decodeLabel({ id, size, label }: LabelledContent): SpooledMessage {
  if (label[0] !== VERSION && label[0] !== FIRST_VERSION) {
    throw new SpoolError(
      'unavailable',
      `message ${id} was accepted by a newer version of Cartero (its label is ${label[0]}, this version knows ${VERSION}): ` +
        'run the newer version again, until the message is delivered',
    )
  }
  const end = HEADER + label.readUInt32BE(1)
  const text = JSON.parse(label.toString('utf8', HEADER, end)) as LabelText
  return { ...text, prefix: Buffer.from(label.subarray(end)), content: id, size }
}
