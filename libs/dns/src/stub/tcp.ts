import { connect } from 'node:net'
import { DnsError } from '../ports.ts'
import { decodeAnswer, encodeQuery, type Message, type Query } from './packet.ts'
import type { NameServer } from './servers.ts'

const LENGTH_OCTETS = 2

/**
 * Asks over a connection of its own, for answers that no datagram holds.
 * Waits until the signal aborts and then rejects with its reason; rejects with DnsError `unreachable` or `malformed`.
 */
// RFC 1035 §4.2.2
export async function askByTcp(server: NameServer, query: Query, signal: AbortSignal): Promise<Message> {
  signal.throwIfAborted()
  const { promise, resolve, reject } = Promise.withResolvers<Message>()
  const socket = connect({ host: server.address, port: server.port })
  const giveUp = (): void => reject(signal.reason)
  signal.addEventListener('abort', giveUp)
  const reader = new MessageReader()
  socket.on('error', (cause) => reject(new DnsError('unreachable', cause.message, { cause })))
  socket.on('close', () => reject(new DnsError('unreachable', 'the connection ended before the answer did')))
  socket.on('data', (octets) => {
    try {
      const message = reader.take(octets as Buffer)
      if (message !== undefined) resolve(theAnswer(message, query))
    } catch (error) {
      reject(error)
    }
  })
  socket.write(framed(encodeQuery(query)))
  try {
    return await promise
  } finally {
    signal.removeEventListener('abort', giveUp)
    socket.destroy()
  }
}

function framed(octets: Buffer): Buffer {
  const length = Buffer.alloc(LENGTH_OCTETS)
  length.writeUInt16BE(octets.length)
  return Buffer.concat([length, octets])
}

/** On a connection, nobody else can speak: what is no answer is nonsense. */
function theAnswer(octets: Buffer, query: Query): Message {
  const message = decodeAnswer(octets, query)
  if (message === undefined) throw new DnsError('malformed', 'an answer to another question')
  if (message.isTruncated) throw new DnsError('malformed', 'an answer that is truncated on a connection')
  return message
}

/** Two octets of length, then as many octets: never more than 64 KB. */
class MessageReader {
  readonly #pieces: Buffer[] = []
  #octets = 0
  #wanted: number | undefined

  /** The message once it is whole. */
  take(piece: Buffer): Buffer | undefined {
    this.#pieces.push(piece)
    this.#octets += piece.length
    if (this.#octets < LENGTH_OCTETS || this.#octets < (this.#wanted ?? 0)) return undefined
    const all = Buffer.concat(this.#pieces)
    this.#wanted = LENGTH_OCTETS + all.readUInt16BE(0)
    return all.length < this.#wanted ? undefined : all.subarray(LENGTH_OCTETS, this.#wanted)
  }
}
