import type { Socket } from 'node:net'
import type { Clock } from '../clock.ts'
import type { ConnectionFacts } from '../facts.ts'
import type { ProxyHeader } from '../proxy/header.ts'
import { readProxyHeader } from '../proxy/reader.ts'

/**
 * How long a proxy may take for its header: enough for one segment that TCP has to send again (3 s at least, as HAProxy
 * asks).
 */
export const PROXY_HEADER_LIMIT_MS = 10_000

/** Stands for the address of a client of whom a proxy tells nothing. It is in no network. */
export const UNKNOWN_ADDRESS = 'unknown'

/**
 * Reads the header that a proxy sends before anything else. The octets behind it are put back, and the socket is left
 * paused. Rejects when there is none in time or none at all; nothing more is read then.
 */
export function takeProxyHeader(socket: Socket, clock: Clock): Promise<ProxyHeader> {
  return new Promise((resolve, reject) => {
    let received: Buffer = Buffer.alloc(0)
    const settle = (): void => {
      stopWaiting()
      socket.off('data', onData)
      socket.off('end', gone)
      socket.off('close', gone)
    }
    const fail = (reason: string): void => {
      settle()
      socket.pause()
      reject(new Error(reason))
    }
    const gone = (): void => fail('the connection ended before its PROXY header')
    const onData = (bytes: Buffer): void => {
      received = received.length === 0 ? bytes : Buffer.concat([received, bytes])
      try {
        const read = readProxyHeader(received)
        if (read === undefined) return
        settle()
        socket.pause()
        if (read.length < received.length) socket.unshift(received.subarray(read.length))
        resolve(read.header)
      } catch (error) {
        fail(`no PROXY header: ${(error as Error).message}`)
      }
    }
    const stopWaiting = clock.after(PROXY_HEADER_LIMIT_MS, () => fail('the PROXY header took too long'))
    socket.on('data', onData)
    socket.on('end', gone)
    socket.on('close', gone)
  })
}

/**
 * The facts of a connection as the proxy tells them. A client of whom it tells nothing is nobody: what the proxy may do, for
 * being trusted, is not for whoever comes through it. Nor is it for LOCAL, a probe, which needs none of it.
 */
export function proxiedFacts(
  facts: ConnectionFacts,
  { client, serverName, tls }: ProxyHeader,
): ConnectionFacts {
  return {
    ...facts,
    remoteAddress: client?.source.address ?? UNKNOWN_ADDRESS,
    remotePort: client?.source.port ?? 0,
    ...(client && { localAddress: client.destination.address, localPort: client.destination.port }),
    proxy: {
      address: facts.remoteAddress,
      port: facts.remotePort,
      toldClient: client !== undefined,
      ...(serverName !== undefined && { serverName }),
      ...(tls && { tls }),
    },
  }
}
