import { spawn } from 'node:child_process'
import { once } from 'node:events'

/** The kernel ends it when this process goes, however that came: a peer left behind would hold its spool and its ports. */
const BOUND = ['--pdeathsig', 'TERM', '--']

/** A program that runs as long as the test does. */
export class PeerProcess implements AsyncDisposable {
  readonly #ended: Promise<unknown>
  readonly #kill: () => boolean
  #said = ''

  constructor(program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    const child = spawn('setpriv', [...BOUND, program, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    })
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (bytes: Buffer) => (this.#said += bytes.toString()))
    }
    this.#ended = once(child, 'close')
    this.#kill = () => child.kill()
  }

  /** The end of all that it printed. */
  get said(): string {
    return this.#said.slice(-6_000)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#kill()
    await this.#ended
  }
}
