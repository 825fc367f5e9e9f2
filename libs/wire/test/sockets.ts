import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { Listener } from '@cartero/wire/node'

/** Reads until the text has come. */
export async function until(socket: Socket, wanted: string): Promise<string> {
  let text = ''
  while (!text.includes(wanted)) {
    const [bytes] = (await once(socket, 'data')) as [Buffer]
    text += bytes.toString()
  }
  return text
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
