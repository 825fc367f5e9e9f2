import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'

/** What a domain's questions get: an answer, SERVFAIL, or nothing at all. */
export type Manner = 'answer' | 'fail' | 'silence'

const TYPE = { A: 1, MX: 15 } as const
const SERVFAIL = 2

/** A resolver for tests in which each domain has itself as its one host, at 127.0.0.1, and may be asked in vain. */
export class MannerlyResolver implements AsyncDisposable {
  readonly manners = new Map<string, Manner>()
  readonly #socket: Socket
  asked = 0

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('message', (query, from) => {
      this.asked++
      const answer = this.#answer(query)
      if (answer !== undefined) socket.send(answer, from.port, from.address)
    })
  }

  static async start(port = 0): Promise<MannerlyResolver> {
    const socket = createSocket('udp4')
    socket.bind(port, '127.0.0.1')
    await once(socket, 'listening')
    return new MannerlyResolver(socket)
  }

  get port(): number {
    return this.#socket.address().port
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close()
    await once(this.#socket, 'close')
  }

  // RFC 1035 §4.1
  #answer(query: Buffer): Buffer | undefined {
    const labels: string[] = []
    let at = 12
    for (let length = query[at]!; length > 0; length = query[at]!) {
      labels.push(query.toString('latin1', at + 1, at + 1 + length))
      at += 1 + length
    }
    const question = query.subarray(12, at + 5)
    const type = query.readUInt16BE(at + 1)
    const manner = this.manners.get(labels.slice(-2).join('.')) ?? 'answer'
    if (manner === 'silence') return undefined
    const data = manner === 'fail' ? undefined : DATA.get(type)
    const header = Buffer.alloc(12)
    header.writeUInt16BE(query.readUInt16BE(0), 0)
    header.writeUInt16BE(0x8180 | (manner === 'fail' ? SERVFAIL : 0), 2)
    header.writeUInt16BE(1, 4)
    header.writeUInt16BE(data === undefined ? 0 : 1, 6)
    return Buffer.concat([header, question, data === undefined ? Buffer.alloc(0) : record(type, data)])
  }
}

/** The exchange is the name that was asked for, which stands behind the header. */
const DATA: ReadonlyMap<number, Buffer> = new Map([
  [TYPE.A, Buffer.of(127, 0, 0, 1)],
  [TYPE.MX, Buffer.of(0, 10, 0xc0, 12)],
])

function record(type: number, data: Buffer): Buffer {
  const fixed = Buffer.alloc(12)
  fixed.writeUInt16BE(0xc00c, 0)
  fixed.writeUInt16BE(type, 2)
  fixed.writeUInt16BE(1, 4)
  // No TTL: it is asked each time.
  fixed.writeUInt16BE(data.length, 10)
  return Buffer.concat([fixed, data])
}
