import { createSocket } from 'node:dgram'
import { DnsError } from '../ports.ts'
import { decodeAnswer, encodeQuery, type Message, type Query } from './packet.ts'
import type { NameServer } from './servers.ts'

/**
 * Asks by one datagram from a socket of its own, whose port the system chooses by chance. What comes from elsewhere, the
 * system drops; what is no answer to the query is passed over, since anybody may have sent it.
 * Waits until the signal aborts and then rejects with its reason; rejects with DnsError `unreachable` or `malformed`.
 */
// RFC 5452 §9.1, RFC 5452 §9.2
export async function askByUdp(server: NameServer, query: Query, signal: AbortSignal): Promise<Message> {
  signal.throwIfAborted()
  const { promise, resolve, reject } = Promise.withResolvers<Message>()
  const socket = createSocket(server.address.includes(':') ? 'udp6' : 'udp4')
  const giveUp = (): void => reject(signal.reason)
  signal.addEventListener('abort', giveUp)
  socket.on('error', (cause) => reject(new DnsError('unreachable', cause.message, { cause })))
  socket.on('message', (octets) => {
    try {
      const message = decodeAnswer(octets, query)
      if (message !== undefined) resolve(message)
    } catch (error) {
      reject(error)
    }
  })
  socket.connect(server.port, server.address, () => socket.send(encodeQuery(query)))
  try {
    return await promise
  } finally {
    signal.removeEventListener('abort', giveUp)
    socket.close()
  }
}
