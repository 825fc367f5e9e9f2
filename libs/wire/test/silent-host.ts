import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'

/** Listens and never accepts: its event loop stands still. */
const SCRIPT = `
  require('node:net').createServer().listen({ host: process.argv[1], port: 0, backlog: 1 }, function () {
    require('node:fs').writeSync(1, String(this.address().port))
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
  })
`

export interface SilentHost {
  readonly port: number
  readonly stop: () => void
}

/** An address of this machine at which a connection neither comes about nor fails: whoever could wait there is there. */
export async function silentHost(address: string): Promise<SilentHost> {
  const child = spawn(process.execPath, ['-e', SCRIPT, address], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [told] = await once(child.stdout, 'data')
  const port = Number(String(told))
  const waiting = [0, 1].map(() => connect(port, address).on('error', () => {}))
  await Promise.all(waiting.map((socket) => once(socket, 'connect')))
  const stop = (): void => {
    for (const socket of waiting) socket.destroy()
    child.kill('SIGKILL')
  }
  return { port, stop }
}
