import { createSocket, type Socket as Datagrams } from 'node:dgram'
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/**
 * Port 53 of a loopback address, which leads to a name server at another port of 127.0.0.1: BIND listens at addresses that an
 * interface has, and the system's resolver asks at port 53.
 */
export async function openNameDoor(address: string, port: number): Promise<AsyncDisposable> {
  const askers = new Set<Datagrams>()
  const datagrams = createSocket('udp4', (question, from) => {
    const asker = createSocket('udp4')
    askers.add(asker)
    asker.once('message', (answer) => {
      datagrams.send(answer, from.port, from.address)
      askers.delete(asker.close())
    })
    asker.send(question, port, '127.0.0.1')
  })
  const sockets = new Set<Socket>()
  const connections = createServer((socket) => {
    const onward = connect(port, '127.0.0.1')
    for (const each of [socket, onward]) sockets.add(each.on('error', () => undefined))
    socket.pipe(onward).pipe(socket)
  })
  datagrams.bind(53, address)
  connections.listen(53, address)
  await Promise.all([once(datagrams, 'listening'), once(connections, 'listening')])
  return {
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      for (const asker of askers) asker.close()
      datagrams.close()
      connections.close()
      await once(connections, 'close')
    },
  }
}
