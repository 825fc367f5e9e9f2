import type { ContentId, ContentStore } from '@cartero/content'
import {
  TurnResponse_Opening_Kind as Opening,
  type ReadContentRequest,
  type ReadContentResponse,
  type TurnRequest as ContractRequest,
  type TurnRequest_Begin as Begin,
  type TurnResponse,
  type TurnService,
} from '@cartero/contracts/spool/turn'
import { RpcError } from '@cartero/bus/grpc'

import { ContractError } from './contract-error.ts'
import type { Turns } from '../dispatch/turns.ts'
import { SpoolError } from '../ports.ts'
import { ContentsOut } from './contents-out.ts'
import { ServedTurn } from './served-turn.ts'

export interface TurnServerOptions {
  readonly turns: Turns
  readonly content: Pick<ContentStore, 'read' | 'get'>
}

const OPENINGS = { nothing: Opening.NOTHING, busy: Opening.BUSY, begun: Opening.BEGUN } as const

/** Offers turns to agents in other processes. */
export class TurnServer implements TurnService {
  readonly #options: TurnServerOptions
  readonly #out = new ContentsOut()

  constructor(options: TurnServerOptions) {
    this.#options = options
  }

  async *Turn(requests: AsyncIterable<ContractRequest>): AsyncGenerator<TurnResponse, void> {
    const incoming = requests[Symbol.asyncIterator]()
    const request = await beginning(incoming)
    const { turns, content } = this.#options
    const opening = await turns.begin(request, new AbortController().signal)
    const waiting = opening.kind === 'begun' ? BigInt(opening.turn.waiting) : 0n
    if (opening.kind !== 'begun') {
      yield { response: { $case: 'opening', value: { kind: OPENINGS[opening.kind], waiting } } }
      return
    }
    const served = new ServedTurn({ turn: opening.turn, incoming, content, out: this.#out })
    try {
      yield { response: { $case: 'opening', value: { kind: Opening.BEGUN, waiting } } }
      yield* served.responses()
    } finally {
      await served.end()
    }
  }

  async *ReadContent({ content, range }: ReadContentRequest): AsyncGenerator<ReadContentResponse, void> {
    if (!this.#out.has(content)) throw new RpcError('NOT_FOUND', 'this content is out in no turn')
    const wanted = range && { start: Number(range.start), end: Number(range.end) }
    for await (const octets of this.#options.content.get(content as ContentId, wanted)) yield { octets }
  }
}

/** What the first request must be. */
async function beginning(incoming: AsyncIterator<ContractRequest>): Promise<Begin> {
  const { value, done } = await incoming.next()
  const request = done === true ? undefined : value.request
  if (request?.$case !== 'begin') throw new RpcError('FAILED_PRECONDITION', 'a turn begins with begin')
  if (request.value.domains.length === 0)
    throw new RpcError('INVALID_ARGUMENT', 'a turn is for one domain at least')
  return request.value
}

/** For the bus: whose fault an error of the spool is. */
export function turnFaultOf(error: unknown): RpcError | undefined {
  if (error instanceof ContractError) return new RpcError('INVALID_ARGUMENT', error.message, { cause: error })
  if (!(error instanceof SpoolError)) return undefined
  const code = error.fault === 'full' ? 'RESOURCE_EXHAUSTED' : 'UNAVAILABLE'
  return new RpcError(code, error.message, { cause: error })
}

/** For the bus: the error of the spool that was meant. Whoever cannot be asked is a spool that cannot, for now. */
export function turnErrorOf(error: RpcError): SpoolError {
  const fault = error.code === 'RESOURCE_EXHAUSTED' ? 'full' : 'unavailable'
  return new SpoolError(fault, error.message, { cause: error })
}
