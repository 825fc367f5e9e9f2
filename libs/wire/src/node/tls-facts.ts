import type { TLSSocket } from 'node:tls'
import type { TlsFacts } from '../facts.ts'

/** What the protocols want to know of an established TLS socket. */
export function tlsFactsOf(socket: TLSSocket): TlsFacts {
  const serverName = (socket as TLSSocket & { servername?: string | false }).servername
  const exporter = exporterOf(socket)
  return {
    version: socket.getProtocol() ?? 'unknown',
    cipher: socket.getCipher()?.name ?? 'unknown',
    ...(typeof serverName === 'string' && { serverName }),
    ...(exporter && { exporter }),
  }
}

// RFC 9266 §2: only where the exporter is unique for the connection, which TLS 1.3 promises.
function exporterOf(socket: TLSSocket): Buffer | undefined {
  if (socket.getProtocol() !== 'TLSv1.3') return undefined
  return socket.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0))
}
