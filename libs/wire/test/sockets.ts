import { connect, type Socket } from 'node:net'
import type { Listener } from '@cartero/wire/node'

/** What came and was not asked for yet. */
const unread = new WeakMap<Socket, string>()

/** Reads until the text has come, and leaves what is behind it to the next who reads. */
export function until(socket: Socket, wanted: string): Promise<string> {
  if (!unread.has(socket)) {
    unread.set(socket, '')
    socket.on('data', (bytes: Buffer) => unread.set(socket, unread.get(socket)! + bytes.toString()))
  }
  return new Promise((resolve, reject) => {
    const gone = (): void => reject(new Error(`the connection ended before ${JSON.stringify(wanted)}`))
    const look = (): void => {
      const text = unread.get(socket)!
      const end = text.indexOf(wanted) + wanted.length
      if (end < wanted.length) return
      socket.off('data', look)
      socket.off('error', reject)
      socket.off('close', gone)
      unread.set(socket, text.slice(end))
      resolve(text.slice(0, end))
    }
    socket.on('data', look)
    socket.on('error', reject)
    socket.on('close', gone)
    look()
  })
}

/** What came behind what was read. */
export function rest(socket: Socket): string {
  return unread.get(socket) ?? ''
}

/** Connects and waits for the greeting of an EchoMachine. */
export async function open(server: Listener): Promise<Socket> {
  const socket = connect(server.port, '127.0.0.1')
  await until(socket, 'hello\r\n')
  return socket
}

/** Turns of the event loop until something holds; a test that waits in vain is ended by its own time-out. */
export async function untilTrue(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise(setImmediate)
}

/** So many turns of the event loop, in which what must not happen had its chance. */
export async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise(setImmediate)
}
