import { HeaderScanner, type HeaderEnd } from '@cartero/message'
import type { Envelope, Intake, IntakeDraft, QueueId } from './ports.ts'

/** Trace fields in a header beyond which a message is taken to go in circles. RFC 5321 §6.3: at least 100. */
export const MAX_HOPS = 100

/** The fields an edge agent wants to know about without reading the header twice. */
const FIELDS = ['Received', 'Date', 'Message-ID', 'From', 'Sender', 'Resent-From'] as const

const CRLF = Buffer.from('\r\n')

/**
 * The edge's half of accepting one message: octets go straight to the draft while the header is looked at on the way,
 * so that the prefix can be made at the end without reading anything back.
 */
export class Reception {
  readonly #draft: IntakeDraft
  readonly #header = new HeaderScanner(FIELDS)
  #headerEnded = false

  constructor(intake: Intake, envelope: Envelope) {
    this.#draft = intake.begin(envelope)
  }

  get queueId(): QueueId {
    return this.#draft.queueId
  }

  /** The header as far as it came; complete once all octets are written. */
  get header(): HeaderScanner {
    return this.#header
  }

  /** Whether the message has been through so many hands that it must be in a loop. */
  get loops(): boolean {
    return this.#header.count('Received') >= MAX_HOPS
  }

  /** Throws SpoolError. A promise means: wait. */
  write(bytes: Buffer): void | Promise<void> {
    if (!this.#headerEnded) this.#headerEnded = this.#header.write(bytes)
    return this.#draft.write(bytes)
  }

  /**
   * Makes it durable behind `fields`, whole header fields with their CRLF.
   * Guarantee: that of IntakeDraft.commit. Throws SpoolError.
   */
  commit(fields: readonly Buffer[]): Promise<QueueId> {
    const end = this.#header.end()
    return this.#draft.commit(Buffer.concat(hasNoHeader(end) ? [...fields, CRLF] : fields))
  }

  abort(): void {
    this.#draft.abort()
  }
}

// RFC 5322 §2.1: a header and a body are separated by an empty line. A message that begins with its body gets one,
// so that its first lines are never read as fields.
function hasNoHeader(end: HeaderEnd): boolean {
  return end.fieldsEnd === 0 && end.reason === 'otherLine'
}
