import { randomInt } from 'node:crypto'
import type { Clock } from '@cartero/wire'
import { DnsError, type RecordType } from '../ports.ts'
import type { StubLimits } from './limits.ts'
import type { Message, Query } from './packet.ts'
import type { NameServer } from './servers.ts'
import { askByTcp } from './tcp.ts'
import { askByUdp } from './udp.ts'

/** One question, with a name in the form of `normalName`. */
export interface Question<T extends RecordType = RecordType> {
  readonly name: string
  readonly type: T
}

export interface AskerOptions {
  /** In the order in which they are asked. */
  readonly servers: readonly NameServer[]
  readonly clock: Clock
  readonly limits: StubLimits
}

/** What is worth telling when no server answered: the first of these that any of them said. */
const WORTH: readonly DnsError['fault'][] = [
  'serverFailure',
  'refused',
  'malformed',
  'timeout',
  'unreachable',
]

/** Asks one server after the other until one answers. Those that stay silent are asked again, the others have had their say. */
export class Asker {
  readonly #options: AskerOptions

  constructor(options: AskerOptions) {
    this.#options = options
  }

  /** The answer, which is NOERROR or NXDOMAIN. Rejects with DnsError, or with the signal's reason. */
  async ask(question: Question, signal: AbortSignal): Promise<Message> {
    const faults: DnsError[] = []
    let { servers } = this.#options
    for (let round = 0; round < this.#options.limits.rounds && servers.length > 0; round++) {
      const silent: NameServer[] = []
      for (const server of servers) {
        const answer = await this.#try(server, question, signal)
        if (!(answer instanceof DnsError)) return answer
        faults.push(answer)
        if (answer.fault === 'timeout') silent.push(server)
      }
      servers = silent
    }
    throw faults.toSorted((a, b) => WORTH.indexOf(a.fault) - WORTH.indexOf(b.fault))[0]!
  }

  /** What one server says within its time. Rejects with the signal's reason only. */
  async #try(server: NameServer, question: Question, signal: AbortSignal): Promise<Message | DnsError> {
    const { clock, limits } = this.#options
    const late = new AbortController()
    const silence = new DnsError('timeout', `no answer within ${limits.tryMs} ms`)
    const cancel = clock.after(limits.tryMs, () => late.abort(silence))
    try {
      return await saidBy(server, question, AbortSignal.any([signal, late.signal]))
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof DnsError)) throw error
      return about(error, server, question)
    } finally {
      cancel()
    }
  }
}

/** Some old servers know no EDNS; they get the question without. */
// RFC 6891 §7
async function saidBy(server: NameServer, question: Question, signal: AbortSignal): Promise<Message> {
  const message = await overUdpOrTcp(server, query(question, true), signal)
  if (message.rcode !== 'FORMERR' && message.rcode !== 'NOTIMP') return answerIn(message)
  return answerIn(await overUdpOrTcp(server, query(question, false), signal))
}

const query = ({ name, type }: Question, withEdns: boolean): Query => ({
  id: randomInt(0x1_00_00),
  name,
  type,
  withEdns,
})

// RFC 2181 §9
async function overUdpOrTcp(server: NameServer, asked: Query, signal: AbortSignal): Promise<Message> {
  const message = await askByUdp(server, asked, signal)
  return message.isTruncated ? askByTcp(server, { ...asked, id: randomInt(0x1_00_00) }, signal) : message
}

// RFC 1035 §4.1.1
function answerIn(message: Message): Message {
  switch (message.rcode) {
    case 'NOERROR':
    case 'NXDOMAIN':
      return message
    case 'SERVFAIL':
      throw new DnsError('serverFailure', 'SERVFAIL')
    default:
      throw new DnsError('refused', message.rcode)
  }
}

function about(error: DnsError, { address, port }: NameServer, { name, type }: Question): DnsError {
  return new DnsError(error.fault, `${type} of ${name}: ${address} port ${port}: ${error.message}`, {
    cause: error,
  })
}
