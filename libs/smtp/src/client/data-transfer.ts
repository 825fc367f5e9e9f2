import type { Bytes } from '@cartero/wire'
import { dotStuffed, stuffedWhole } from '../framing/dot-stuffer.ts'
import { replies } from '../replies.ts'
import { isPositive, type Reply } from '../reply.ts'
import { unreadable } from './conversion.ts'
import type { Delivery, Transfer } from './delivery.ts'
import type { Step } from './steps.ts'

const GO_AHEAD = replies.startData.code
const END_OF_NOTHING = Buffer.from('.\r\n')

/** A message in DATA. Only the first command of the next transaction may follow the dot. */
// RFC 5321 §4.1.1.4, RFC 2920 §3.1
export class DataTransfer implements Transfer {
  readonly #delivery: Delivery
  isPlanned = false
  readonly stage = 'DATA'
  /** Whatever is said to the dot, the transaction is over. */
  readonly leavesOpen = false
  isSaid = false

  constructor(delivery: Delivery) {
    this.#delivery = delivery
  }

  plan(): void {
    const delivery = this.#delivery
    delivery.plan('DATA', 'DATA', (reply) => this.#heard(reply), {
      patience: delivery.conversation.patience.data,
      endsGroup: true,
      goAhead: GO_AHEAD,
      needed: () => delivery.isWanted,
      skipped: () => delivery.finish(),
    })
  }

  /** A message that is being streamed is not ended by a dot when the connection breaks. */
  abandon(): void {}

  disown(): void {
    this.isSaid = false
  }

  #heard(reply: Reply): void {
    const delivery = this.#delivery
    const { conversation } = delivery
    if (reply.code === GO_AHEAD) return this.#proceed()
    // Who says so is out of step, and his next answer might be taken for that to the message.
    if (isPositive(reply)) return conversation.outOfStep('DATA was not answered as DATA')
    if (delivery.isWanted) delivery.conclude(reply)
    delivery.finish()
  }

  #proceed(): void {
    const delivery = this.#delivery
    const { conversation } = delivery
    if (delivery.isWanted) this.#planContent()
    // RFC 2033 §4.2: DATA must fail then; and whom should a message reach that nobody was named for?
    else if (conversation.isLmtp || delivery.isAstray) conversation.outOfStep('DATA without recipients')
    // RFC 2920 §3.1: DATA was pipelined behind recipients that were all refused, and yet accepted
    else this.#planEnd(END_OF_NOTHING, 1, () => delivery.finish())
  }

  #planContent(): void {
    const delivery = this.#delivery
    const { content } = delivery.form
    const { isLmtp } = delivery.conversation
    const answers = isLmtp ? delivery.accepted : 1
    delivery.stage = 'end of data'
    this.isPlanned = true
    this.isSaid = Buffer.isBuffer(content)
    this.#planEnd(
      Buffer.isBuffer(content) ? stuffedWhole(content) : dotStuffed(this.#allOf(content())),
      answers,
      (reply, n) => {
        if (isLmtp) delivery.concludeFor(n, reply)
        else delivery.conclude(reply)
        delivery.open = false
        if (n === answers - 1) delivery.finish()
      },
    )
  }

  /** Behind its last octet is the dot. */
  async *#allOf(source: AsyncIterable<Bytes>): AsyncIterable<Bytes> {
    yield* source
    this.isSaid = true
  }

  #planEnd(say: NonNullable<Step['say']>, answers: number, heard: Step['heard']): void {
    const { steps, patience } = this.#delivery.conversation
    steps.plan({
      stage: 'end of data',
      say,
      patience: patience.endOfData,
      endsGroup: false,
      answers,
      failed: (error) => this.#delivery.conclude(unreadable(error), 'us'),
      heard,
    })
  }
}
