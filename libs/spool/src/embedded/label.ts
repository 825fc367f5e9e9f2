import type { LabelledContent } from '@cartero/content'

import { SpoolError, type Envelope, type QueueId, type SpooledMessage } from '../ports.ts'

/*
 * The label of an accepted message: version (1 octet), length of the JSON (4 octets, big-endian), JSON of everything
 * but the prefix, prefix. The label of a closing entry: its version (1 octet), queue ids of 16 octets each.
 */
const VERSION = 2
/** Its envelopes ask for nothing that has to be honoured later: no wait, no priority, no deadline. */
const FIRST_VERSION = 1
/** These messages are over: whoever reads the log from before them passes over them. */
const CLOSING = 3
const HEADER = 5
const QUEUE_ID_OCTETS = 16

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

export function encodeClosing(queueIds: readonly QueueId[]): Buffer {
  const label = Buffer.allocUnsafe(1 + queueIds.length * QUEUE_ID_OCTETS)
  label[0] = CLOSING
  label.write(queueIds.join(''), 1, 'latin1')
  return label
}

/** The messages that a labelled frame says are over; undefined when it makes one. */
export function decodeClosing({ label }: Pick<LabelledContent, 'label'>): readonly QueueId[] | undefined {
  if (label[0] !== CLOSING) return undefined
  const queueIds: QueueId[] = []
  for (let at = 1; at < label.length; at += QUEUE_ID_OCTETS)
    queueIds.push(label.toString('latin1', at, at + QUEUE_ID_OCTETS) as QueueId)
  return queueIds
}

/** The message that a labelled frame makes. Throws SpoolError when a newer version has written it. */
export function decodeLabel({ id, size, label }: LabelledContent): SpooledMessage {
  if (label[0] !== VERSION && label[0] !== FIRST_VERSION) {
    throw new SpoolError(
      'unavailable',
      `message ${id} was accepted by a newer version of Cartero (its label is ${label[0]}, this version knows ${CLOSING}): ` +
        'run the newer version again, until the message is delivered',
    )
  }
  const end = HEADER + label.readUInt32BE(1)
  const text = JSON.parse(label.toString('utf8', HEADER, end)) as LabelText
  return { ...text, prefix: Buffer.from(label.subarray(end)), content: id, size }
}
