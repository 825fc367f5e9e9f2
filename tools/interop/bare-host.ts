import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'

/** A host that takes everything and knows no TLS, so that whoever is on the way reads along. */
export interface BareHost extends AsyncDisposable {
  /** Each line that was said to it, letters included. */
  readonly said: readonly string[]
}

export async function startBareHost(address: string): Promise<BareHost> {
  const said: string[] = []
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    converse(socket, said)
  })
  server.listen(25, address)
  await once(server, 'listening')
  return {
    said,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

function converse(socket: Socket, said: string[]): void {
  let isData = false
  let rest = ''
  socket.on('error', () => undefined)
  socket.write('220 bare.test ESMTP\r\n')
  socket.setEncoding('latin1').on('data', (octets: string) => {
    const lines = `${rest}${octets}`.split('\r\n')
    rest = lines.pop()!
    for (const line of lines) {
      said.push(line)
      if (isData && line !== '.') continue
      isData = !isData && line.toUpperCase() === 'DATA'
      socket.write(isData ? '354 go on\r\n' : '250 2.0.0 Ok\r\n')
    }
  })
}
