import { once } from 'node:events'
import {
  Agent,
  createServer,
  request,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'

interface Answer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
}

/**
 * Stands before Ceph's gateway over SQLite, which sends the whole object when it is asked for a range, behind a header that promises less
 * (20.2.4): it asks for the whole object, and gives the range. Everything else goes through as it is.
 */
export class S3Front implements AsyncDisposable {
  readonly #server: Server
  readonly #agent = new Agent({ keepAlive: true })
  readonly #behind: number

  private constructor(behind: number) {
    this.#behind = behind
    this.#server = createServer((asked, answer) => {
      // Whatever goes wrong behind, the connection breaks.
      this.#serve(asked, answer).catch(() => answer.destroy())
    })
  }

  static async before(port: number): Promise<S3Front> {
    const front = new S3Front(port)
    front.#server.listen(0, '127.0.0.1')
    await once(front.#server, 'listening')
    return front
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#agent.destroy()
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }

  async #serve(asked: IncomingMessage, answer: ServerResponse): Promise<void> {
    const found = await this.#forward(asked, await gather(asked))
    const { status, headers, body } = cut(found, asked.headers.range)
    answer.writeHead(status, { ...headers, 'content-length': body.length })
    answer.end(body)
  }

  async #forward(asked: IncomingMessage, body: Buffer): Promise<Answer> {
    const { range: _range, connection: _connection, ...headers } = asked.headers
    const forwarded = request({
      agent: this.#agent,
      host: '127.0.0.1',
      port: this.#behind,
      method: asked.method,
      path: asked.url,
      headers,
    })
    forwarded.end(body)
    const [response] = (await once(forwarded, 'response')) as [IncomingMessage]
    const { 'transfer-encoding': _encoding, connection: _close, ...others } = response.headers
    return { status: response.statusCode ?? 500, headers: others, body: await gather(response) }
  }
}

function cut(answer: Answer, range: string | undefined): Answer {
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(range ?? '') ?? []
  if (answer.status !== 200 || first === undefined) return answer
  const start = Number(first)
  if (start >= answer.body.length) return { ...answer, status: 416, body: Buffer.alloc(0) }
  const end = last === '' ? answer.body.length : Number(last) + 1
  return { ...answer, status: 206, body: answer.body.subarray(start, end) }
}

async function gather(stream: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = []
  for await (const piece of stream as AsyncIterable<Buffer>) pieces.push(piece)
  return Buffer.concat(pieces)
}
