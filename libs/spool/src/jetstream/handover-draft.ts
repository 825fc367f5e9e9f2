import type { ContentDraft, ContentId, ContentStore } from '@cartero/content'
import type { MessageIndex } from '@cartero/message'
import type { Clock } from '@cartero/wire'

import type { HandedOver } from '../handover/ports.ts'
import { SpoolError, type Envelope, type FoundInContent, type IntakeDraft, type QueueId } from '../ports.ts'
import { intakeFault } from './bus-fault.ts'
import { encodeMessage, type EncodedMessage } from './handover-codec.ts'
import type { HandoverLine } from './handover-line.ts'
import { INTAKE_LIMITS } from './limits.ts'
import type { OctetsHeld } from './octets-held.ts'

/** What the drafts of an intake share. */
export interface Surroundings {
  readonly line: HandoverLine
  readonly content: ContentStore
  readonly clock: Clock
  readonly held: OctetsHeld
}

/** A message on its way in: in memory while it is small, else in the content store. */
export class HandoverDraft implements IntakeDraft {
  readonly queueId: QueueId
  readonly #envelope: Envelope
  readonly #in: Surroundings
  #pieces: Buffer[] = []
  #held = 0
  #stored: ContentDraft | undefined

  constructor(queueId: QueueId, envelope: Envelope, surroundings: Surroundings) {
    this.queueId = queueId
    this.#envelope = envelope
    this.#in = surroundings
  }

  /** Throws SpoolError, or rejects with it. */
  write(bytes: Buffer): void | Promise<void> {
    if (this.#stored !== undefined) return this.#writeStored(bytes, this.#stored)
    if (this.#held + bytes.length > INTAKE_LIMITS.inline || !this.#in.held.add(bytes.length))
      return this.#store(bytes)
    this.#pieces.push(bytes)
    this.#held += bytes.length
    return undefined
  }

  async commit(prefix: Buffer, found?: FoundInContent, index?: MessageIndex): Promise<QueueId> {
    try {
      await this.#handOver({ envelope: { ...this.#envelope, ...found }, prefix, ...(index && { index }) })
      return this.queueId
    } catch (error) {
      throw intakeFault(error)
    } finally {
      this.#letGo()
    }
  }

  abort(): void {
    this.#stored?.abort()
    this.#letGo()
  }

  async #handOver(known: Pick<HandedOver, 'envelope' | 'prefix' | 'index'>): Promise<void> {
    const { line, clock } = this.#in
    const base = { ...known, queueId: this.queueId, acceptedAt: clock.now() }
    const inline = this.#stored === undefined && this.#encoded(base)
    if (inline && inline.size <= INTAKE_LIMITS.handover) return line.handOver(this.queueId, inline)
    await this.#commitStored(base)
  }

  /** Guarantee: the content is durable before anybody is told of it. What is told of nobody is reclaimed. */
  async #commitStored(base: Omit<HandedOver, 'content'>): Promise<void> {
    const { line, content } = this.#in
    if (this.#stored === undefined) await this.#store()
    const draft = this.#stored!
    const id = await draft.commit()
    try {
      await line.handOver(this.queueId, this.#encoded(base, { id, size: draft.size }))
    } finally {
      content.unpin(id)
    }
  }

  /** Throws SpoolError for an envelope that no broker would take. */
  #encoded(
    base: Omit<HandedOver, 'content'>,
    stored?: { readonly id: ContentId; readonly size: number },
  ): EncodedMessage {
    if (stored === undefined)
      return encodeMessage({ ...base, content: { kind: 'inline', octets: NONE } }, this.#pieces)
    const message = encodeMessage({ ...base, content: { kind: 'stored', ...stored } })
    if (message.size > INTAKE_LIMITS.handover)
      throw new SpoolError('full', `an envelope of ${message.size} octets is more than can be handed over`)
    return message
  }

  #writeStored(bytes: Buffer, draft: ContentDraft): void | Promise<void> {
    try {
      return draft.write(bytes)?.catch((error: unknown) => Promise.reject(intakeFault(error)))
    } catch (error) {
      throw intakeFault(error)
    }
  }

  /** What was held in memory goes to the store, and `bytes` after it. */
  async #store(bytes?: Buffer): Promise<void> {
    const draft = this.#in.content.begin()
    this.#stored = draft
    const pieces = bytes === undefined ? this.#pieces : [...this.#pieces, bytes]
    this.#letGo()
    for (const piece of pieces) await this.#writeStored(piece, draft)
  }

  #letGo(): void {
    this.#in.held.remove(this.#held)
    this.#held = 0
    this.#pieces = []
  }
}

const NONE = Buffer.alloc(0)
