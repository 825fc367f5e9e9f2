import type { ContentDraft, ContentStore } from '@cartero/content'
import { RpcError } from '@cartero/bus/grpc'
import type { SubmitRequest, SubmitRequest_Commit } from '@cartero/contracts/spool/service'
import type { MessageIndex } from '@cartero/message'
import type { Clock } from '@cartero/wire'

import type { HandedOver, SpoolInlet } from '../handover/ports.ts'
import type { Envelope, FoundInContent, QueueId } from '../ports.ts'
import { decodeEnvelope } from '../remote-turns/envelope-codec.ts'
import { REMOTE_SPOOL_LIMITS } from './limits.ts'

export interface SubmissionOptions {
  readonly inlet: SpoolInlet
  /** For what is too large to be handed over whole. */
  readonly content: Pick<ContentStore, 'begin' | 'unpin'>
  readonly clock: Clock
}

const QUEUE_ID = /^[0-9A-HJKMNP-TV-Z]{16}$/

/** Takes in one message that comes in pieces. Fulfilled when it is durable; leaves nothing behind otherwise. */
export async function takeInSubmitted(
  requests: AsyncIterable<SubmitRequest>,
  { inlet, content, clock }: SubmissionOptions,
): Promise<QueueId> {
  let head: { readonly queueId: QueueId; readonly envelope: Envelope } | undefined
  const octets = new IncomingOctets(content)
  try {
    for await (const { request } of requests) {
      if ((request?.$case === 'begin') === (head !== undefined)) throw outOfOrder()
      if (request?.$case === 'begin') head = headOf(request.value)
      else if (request?.$case === 'octets') await octets.write(request.value)
      else if (request?.$case === 'commit') {
        const { queueId, envelope } = head!
        const rest = commitOf(request.value, envelope)
        const stored = await octets.end()
        await inlet.takeIn([{ queueId, ...rest, acceptedAt: clock.now(), content: stored }])
        return queueId
      }
    }
    throw outOfOrder()
  } finally {
    octets.letGo()
  }
}

/** In memory while they are few, then in the content store. */
class IncomingOctets {
  readonly #store: SubmissionOptions['content']
  #few: Buffer[] = []
  #size = 0
  #draft: ContentDraft | undefined
  #stored: Extract<HandedOver['content'], { readonly kind: 'stored' }> | undefined

  constructor(store: SubmissionOptions['content']) {
    this.#store = store
  }

  async write(octets: Buffer): Promise<void> {
    this.#size += octets.length
    if (this.#draft !== undefined) return await this.#draft.write(octets)
    this.#few.push(octets)
    if (this.#size <= REMOTE_SPOOL_LIMITS.inline) return
    this.#draft = this.#store.begin()
    for (const piece of this.#few.splice(0)) await this.#draft.write(piece)
  }

  async end(): Promise<HandedOver['content']> {
    if (this.#draft === undefined) return { kind: 'inline', octets: Buffer.concat(this.#few) }
    const draft = this.#draft
    this.#stored = { kind: 'stored', id: await draft.commit(), size: draft.size }
    return this.#stored
  }

  /** The spool refers to it, or nobody does. */
  letGo(): void {
    if (this.#stored !== undefined) this.#store.unpin(this.#stored.id)
    else this.#draft?.abort()
  }
}

function headOf({
  queueId,
  envelope,
}: {
  readonly queueId: string
  readonly envelope?: Parameters<typeof decodeEnvelope>[0] | undefined
}): { readonly queueId: QueueId; readonly envelope: Envelope } {
  if (!QUEUE_ID.test(queueId)) throw new RpcError('INVALID_ARGUMENT', `'${queueId}' is no queue id`)
  if (envelope === undefined) throw new RpcError('INVALID_ARGUMENT', 'a message has an envelope')
  return { queueId: queueId as QueueId, envelope: decodeEnvelope(envelope) }
}

function commitOf(
  { prefix, body, hops, tlsOptional, index }: SubmitRequest_Commit,
  envelope: Envelope,
): Pick<HandedOver, 'envelope' | 'prefix' | 'index'> {
  const found: FoundInContent = {
    ...(body !== undefined && { body: body as NonNullable<Envelope['body']> }),
    ...(hops !== undefined && { hops }),
    ...(tlsOptional && { tlsOptional }),
  }
  const known = index === undefined ? undefined : (JSON.parse(index) as MessageIndex)
  return { envelope: { ...envelope, ...found }, prefix, ...(known && { index: known }) }
}

function outOfOrder(): RpcError {
  return new RpcError(
    'FAILED_PRECONDITION',
    'a message begins once, then has octets, and is committed at last',
  )
}
