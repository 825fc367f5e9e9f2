import type { ContentId, ContentStore, OctetRange } from '@cartero/content'
import {
  TurnResponse_Opening_Kind as Opening,
  type TurnRequest as ContractRequest,
  type TurnResponse,
  type TurnService,
} from '@cartero/contracts/spool/turn'

import type { TurnOpening, TurnRequest, Turns } from '../dispatch/turns.ts'
import { SpoolError } from '../ports.ts'
import { Outbox } from './outbox.ts'
import { RemoteTurn } from './remote-turn.ts'

/** Turns of an MTA in another process, and the octets of what is out in them. */
export class RemoteTurns implements Turns {
  readonly #service: TurnService
  /** Octets that came with their deliveries. */
  readonly #octets = new Map<string, Buffer>()
  /** For `dispatch`: contents of deliveries that are out. Errors: SpoolError. */
  readonly content: Pick<ContentStore, 'read' | 'get'> = {
    read: async (id, range) => {
      const known = this.#octets.get(id)
      if (known !== undefined) return known.subarray(range?.start, range?.end)
      const octets: Buffer[] = []
      for await (const piece of this.#stream(id, range)) octets.push(piece)
      return Buffer.concat(octets)
    },
    get: (id, range) => this.#stream(id, range),
  }

  /** @param service rejects with SpoolError (`turnErrorOf`) */
  constructor(service: TurnService) {
    this.#service = service
  }

  async begin(request: TurnRequest, signal: AbortSignal): Promise<TurnOpening> {
    signal.throwIfAborted()
    const outbox = new Outbox<ContractRequest>()
    outbox.put({ request: { $case: 'begin', value: request } })
    const responses = this.#service.Turn(outbox)[Symbol.asyncIterator]()
    const opening = await firstOf(responses, outbox, signal)
    if (opening.kind === Opening.BEGUN) {
      const waiting = Number(opening.waiting)
      return { kind: 'begun', turn: new RemoteTurn({ waiting, outbox, responses, octets: this.#octets }) }
    }
    outbox.close()
    await responses.return?.()
    return { kind: opening.kind === Opening.BUSY ? 'busy' : 'nothing' }
  }

  async *#stream(content: ContentId, range: OctetRange | undefined): AsyncGenerator<Buffer, void> {
    const wanted = range && { start: BigInt(range.start), end: BigInt(range.end) }
    const request = { content, ...(wanted && { range: wanted }) }
    for await (const { octets } of this.#service.ReadContent(request)) yield octets
  }
}

/** What the MTA says first. Whoever gives up meanwhile ends the call. */
async function firstOf(
  responses: AsyncIterator<TurnResponse>,
  outbox: Outbox<ContractRequest>,
  signal: AbortSignal,
): Promise<{ readonly kind: Opening; readonly waiting: bigint }> {
  const giveUp = (): void => outbox.fail(signal.reason)
  signal.addEventListener('abort', giveUp, { once: true })
  try {
    const { value, done } = await responses.next()
    const response = done === true ? undefined : value.response
    if (response?.$case === 'opening') return response.value
    throw new SpoolError('unavailable', 'the MTA did not say whether mail waits')
  } catch (error) {
    signal.throwIfAborted()
    throw error
  } finally {
    signal.removeEventListener('abort', giveUp)
  }
}
