import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Server, type Socket as Connection } from 'node:net'
import { decode, encode, TRUNCATED_RESPONSE, type Answer, type DecodedPacket, type Packet } from 'dns-packet'

/** A question that came. */
export interface Asked {
  readonly packet: DecodedPacket
  readonly name: string
  readonly type: string
  readonly via: 'udp' | 'tcp'
  readonly port: number
  readonly socket: Socket | undefined
}

/** Octets that are sent as they are, one datagram each; `end` closes a connection behind them. */
export interface Said {
  readonly pieces: readonly Buffer[]
  readonly end?: boolean
}

export type Script = (asked: Asked) => Said | Promise<Said>

export const SILENCE: Said = { pieces: [] }

/** A name server that says what the test wants it to, however wrong. */
export class ScriptedServer implements AsyncDisposable {
  readonly asked: Asked[] = []
  readonly #script: Script
  readonly #udp = createSocket('udp4')
  readonly #tcp: Server
  #waiting: { readonly count: number; readonly resolve: () => void }[] = []

  private constructor(script: Script) {
    this.#script = script
    this.#tcp = createServer((socket) => {
      socket.on('error', () => {})
      socket.once('data', (octets: Buffer) => void this.#spoken(octets, socket))
    })
    this.#udp.on('message', (octets, from) => void this.#datagram(octets, from))
  }

  static async open(script: Script, host = '127.0.0.1'): Promise<ScriptedServer> {
    const server = new ScriptedServer(script)
    await once(server.#tcp.listen(0, host), 'listening')
    const { port } = server.#tcp.address() as AddressInfo
    await once(server.#udp.bind(port, host), 'listening')
    return server
  }

  get server(): string {
    const { address: host, port } = this.#udp.address()
    return `${host}:${port}`
  }

  /** Resolves when so many questions have come. */
  cameTo(count: number): Promise<void> {
    if (this.asked.length >= count) return Promise.resolve()
    return new Promise((resolve) => this.#waiting.push({ count, resolve }))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#udp.close()
    this.#tcp.close()
  }

  async #datagram(octets: Buffer, from: RemoteInfo): Promise<void> {
    const { pieces } = await this.#answer(octets, 'udp', from.port)
    for (const piece of pieces) this.#udp.send(piece, from.port, from.address)
  }

  async #spoken(octets: Buffer, socket: Connection): Promise<void> {
    const { pieces, end } = await this.#answer(octets.subarray(2), 'tcp', socket.remotePort!)
    for (const piece of pieces) socket.write(piece)
    if (end) socket.end()
  }

  async #answer(octets: Buffer, via: 'udp' | 'tcp', port: number): Promise<Said> {
    const packet = decode(octets)
    const { name, type } = packet.questions![0]!
    const asked = { packet, name, type, via, port, socket: this.#udp }
    this.asked.push(asked)
    this.#waiting = this.#waiting.filter(({ count, resolve }) => {
      if (this.asked.length < count) return true
      resolve()
      return false
    })
    return this.#script(asked)
  }
}

/** An answer to what was asked, with what the test wants to be different. */
export function answer(
  { packet, via }: Asked,
  { flags = 0, ...changes }: Packet & { rcode?: number } = {},
): Buffer {
  const { rcode = 0, ...rest } = changes
  const octets = encode({
    type: 'response',
    id: packet.id,
    flags: flags | rcode,
    questions: packet.questions,
    ...rest,
  })
  return via === 'tcp' ? framed(octets) : octets
}

export const say = (...pieces: Buffer[]): Said => ({ pieces })

/** An address of the name that was asked for. */
export const address = ({ name }: Asked, data = '192.0.2.1', ttl = 60): Answer => ({
  name,
  type: 'A',
  data,
  ttl,
})

export const truncated = (asked: Asked): Said => say(answer(asked, { flags: TRUNCATED_RESPONSE }))

export function framed(octets: Buffer): Buffer {
  const length = Buffer.alloc(2)
  length.writeUInt16BE(octets.length)
  return Buffer.concat([length, octets])
}

export const soa = (minimum: number, ttl = 3600): Answer => ({
  name: 'test',
  type: 'SOA',
  ttl,
  data: { mname: 'ns.test', rname: 'hostmaster.test', serial: 1, refresh: 1, retry: 1, expire: 1, minimum },
})
