import type { ContentId } from '@cartero/content'
import { Handover, HandedOver as Contract } from '@cartero/contracts/spool/handover'
import type { MessageIndex } from '@cartero/message'

import { ContractError } from '../remote-turns/contract-error.ts'
import type { HandedOver } from '../handover/ports.ts'
import type { QueueId } from '../ports.ts'
import { decodeEnvelope, encodeEnvelope } from '../remote-turns/envelope-codec.ts'

/** A message as it goes over the wire, in pieces: its octets are not copied before all of them are. */
export interface EncodedMessage {
  readonly pieces: readonly Uint8Array[]
  /** Octets of all pieces. */
  readonly size: number
}

/** Field numbers of handover.proto, with their wire type for octets of a length. */
const MESSAGES = (1 << 3) | 2
const OCTETS = (6 << 3) | 2

/** @param octets the content in pieces, when it goes with the message; then `message.content` does not count */
export function encodeMessage(message: HandedOver, octets?: readonly Buffer[]): EncodedMessage {
  const { queueId, envelope, prefix, acceptedAt, index, content } = message
  const head = Contract.encode({
    queueId,
    envelope: encodeEnvelope(envelope),
    prefix,
    acceptedAt: BigInt(acceptedAt),
    ...(index && { index: JSON.stringify(index) }),
    ...(content.kind === 'stored' && {
      content: { $case: 'stored', value: { id: content.id, size: BigInt(content.size) } },
    }),
  }).finish()
  const parts = octets ?? (content.kind === 'inline' ? [content.octets] : undefined)
  const body = parts === undefined ? [head] : [head, fieldStart(OCTETS, sizeOf(parts)), ...parts]
  const pieces = [fieldStart(MESSAGES, sizeOf(body)), ...body]
  return { pieces, size: sizeOf(pieces) }
}

/** Several messages as one handover. The only copy that is made of them here. */
export function joinMessages(messages: readonly EncodedMessage[]): Buffer {
  return Buffer.concat(messages.flatMap(({ pieces }) => pieces))
}

export interface DecodedHandover {
  readonly messages: readonly HandedOver[]
  /** What did not keep to the contract, each as a handover of its own. */
  readonly unreadable: readonly { readonly error: unknown; readonly body: Uint8Array }[]
}

/** Never throws: one that cannot be read keeps no other from being taken in. */
export function decodeHandover(body: Uint8Array): DecodedHandover {
  const messages: HandedOver[] = []
  const unreadable: { readonly error: unknown; readonly body: Uint8Array }[] = []
  try {
    const contracts = Handover.decode(body).messages
    if (contracts.length === 0) throw new ContractError('a handover has messages')
    for (const contract of contracts) {
      try {
        messages.push(decodeMessage(contract))
      } catch (error) {
        unreadable.push({ error, body: Handover.encode({ messages: [contract] }).finish() })
      }
    }
  } catch (error) {
    return { messages: [], unreadable: [{ error, body }] }
  }
  return { messages, unreadable }
}

function decodeMessage({ queueId, envelope, prefix, acceptedAt, index, content }: Contract): HandedOver {
  if (!/^[0-9A-HJKMNP-TV-Z]{16}$/.test(queueId)) throw new ContractError('a message has a queue id')
  if (envelope === undefined) throw new ContractError('a message has an envelope')
  return {
    queueId: queueId as QueueId,
    envelope: decodeEnvelope(envelope),
    prefix,
    acceptedAt: Number(acceptedAt),
    content: decodeContent(content),
    ...(index !== undefined && { index: JSON.parse(index) as MessageIndex }),
  }
}

function decodeContent(content: Contract['content']): HandedOver['content'] {
  switch (content?.$case) {
    case 'octets':
      return { kind: 'inline', octets: content.value }
    case 'stored':
      return { kind: 'stored', id: content.value.id as ContentId, size: Number(content.value.size) }
    default:
      throw new ContractError('a message has octets, or says where they are')
  }
}

function sizeOf(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((sum, { length }) => sum + length, 0)
}

/** A tag and a length, seven bits to an octet. */
function fieldStart(tag: number, length: number): Uint8Array {
  const octets = [tag]
  let rest = length
  for (; rest > 0x7f; rest = Math.floor(rest / 0x80)) octets.push((rest & 0x7f) | 0x80)
  return Uint8Array.from([...octets, rest])
}
