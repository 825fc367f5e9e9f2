import { Chunker, wholeChunk } from '../framing/chunker.ts'
import { replies } from '../replies.ts'
import { isPositive, type Reply } from '../reply.ts'
import type { Content } from './content.ts'
import { unreadable } from './conversion.ts'
import type { Delivery, Transfer } from './delivery.ts'
import type { Stage } from './errand.ts'

/** Replies by which a server says that it does not know the command, though it offered it: the chunk was taken for commands. */
const UNKNOWN: readonly number[] = [replies.unknownCommand.code, replies.notImplemented.code]

/** A message in BDAT. Everything may be said behind it, since the server knows where it ends. */
// RFC 3030 §2, RFC 3030 §4.2
export class ChunkTransfer implements Transfer {
  readonly #delivery: Delivery
  isPlanned = false
  stage: Stage = 'BDAT'
  /** What is left after a chunk that failed is not said anywhere. */
  // RFC 3030 §2
  readonly leavesOpen = true
  isSaid = false
  #chunker: Chunker | undefined
  #unanswered = 0
  /** No chunk more is to be sent: the last was, or one has failed. */
  #over = false

  constructor(delivery: Delivery) {
    this.#delivery = delivery
  }

  plan(): void {
    const { content } = this.#delivery.form
    if (Buffer.isBuffer(content)) this.#planWhole(content)
    else this.#planFirst()
  }

  abandon(): void {
    this.#chunker?.abandon()
  }

  disown(): void {
    this.isSaid = false
  }

  #planWhole(content: Buffer): void {
    const delivery = this.#delivery
    const { steps, limits, patience, isLmtp } = delivery.conversation
    const { inLines } = delivery.form
    const mayBeInVain = !isLmtp && content.length <= limits.unbidden
    this.isPlanned = true
    this.stage = 'end of data'
    steps.plan({
      stage: 'end of data',
      say: wholeChunk(content, inLines),
      patience: patience.endOfData,
      endsGroup: false,
      ...(mayBeInVain ? {} : { behind: 0 }),
      needed: () => this.#isWanted(),
      said: () => (this.isSaid = true),
      skipped: () => delivery.finish(),
      get answers() {
        return isLmtp ? delivery.accepted : 1
      },
      heard: (reply, n) => {
        this.#over = true
        this.#lastHeard(reply, n)
      },
    })
  }

  /** A long message waits until it is known that somebody is to have it. */
  #planFirst(): void {
    const { conversation, form } = this.#delivery
    const open = form.content as Exclude<Content, Buffer>
    this.#chunker = new Chunker(open, conversation.limits.chunk, form.inLines)
    this.#planChunk(this.#chunker, 0)
  }

  #planChunk(chunker: Chunker, behind: number): void {
    const delivery = this.#delivery
    const { steps, patience, isLmtp } = delivery.conversation
    let isLast = false
    steps.plan({
      stage: 'BDAT',
      say: chunker.chunk(),
      get patience() {
        return isLast ? patience.endOfData : patience.block
      },
      endsGroup: false,
      behind,
      needed: () => !this.#over && this.#isWanted(),
      skipped: () => this.#finishWhenAnswered(),
      streamed: () => {
        isLast = chunker.state === 'last'
        this.#sent(chunker)
      },
      get answers() {
        return isLast && isLmtp ? delivery.accepted : 1
      },
      heard: (reply, n) => {
        if (isLast) this.#lastHeard(reply, n)
        else this.#chunkHeard(reply)
      },
    })
  }

  #sent(chunker: Chunker): void {
    const delivery = this.#delivery
    const { conversation } = delivery
    if (chunker.state === 'unreadable') {
      conversation.steps.takeBack()
      this.#over = true
      delivery.conclude(unreadable(chunker.error), 'us')
      return this.#finishWhenAnswered()
    }
    this.#unanswered++
    if (chunker.state === 'last') {
      this.#over = true
      this.isPlanned = true
      this.isSaid = true
      delivery.stage = 'end of data'
      return
    }
    // Whether a chunk of LMTP that fails still has one answer for each recipient is known only if none follows it.
    this.#planChunk(chunker, conversation.isLmtp ? 0 : conversation.limits.chunksInFlight - 1)
  }

  #chunkHeard(reply: Reply): void {
    this.#unanswered--
    if (isUnknown(reply)) return this.#misunderstood()
    // RFC 3030 §2: the transaction has failed; nothing more of it is sent
    if (!isPositive(reply)) {
      this.#over = true
      this.#delivery.conclude(reply, 'peer')
    }
    this.#finishWhenAnswered()
  }

  #lastHeard(reply: Reply, n: number): void {
    const delivery = this.#delivery
    const { conversation } = delivery
    if (isUnknown(reply)) return this.#misunderstood()
    delivery.stage = 'end of data'
    delivery.open &&= !isPositive(reply)
    if (!delivery.isWanted) return delivery.finish()
    if (!conversation.isLmtp) delivery.conclude(reply)
    else delivery.concludeFor(n, reply)
    if (!conversation.isLmtp || n === delivery.accepted - 1) delivery.finish()
  }

  /** There is no falling back to DATA here: octets of the message may have been taken for commands. */
  #misunderstood(): void {
    for (const delivery of this.#delivery.conversation.inFlight) delivery.disown()
    this.#delivery.conversation.outOfStep('BDAT is offered and not known')
  }

  #finishWhenAnswered(): void {
    if (!this.#over && this.#isWanted()) return
    if (this.#unanswered > 0) return
    this.#chunker?.abandon()
    this.#delivery.finish()
  }

  #isWanted(): boolean {
    return this.#delivery.isWanted
  }
}

function isUnknown({ code }: Reply): boolean {
  return UNKNOWN.includes(code)
}
