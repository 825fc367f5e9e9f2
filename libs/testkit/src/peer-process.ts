import { spawn } from 'node:child_process'
import { once } from 'node:events'

/**
 * Ends the program when its own standard input ends. That comes when the test is done with it, and also when the test is killed:
 * a peer left behind would hold its ports and its spool.
 */
const BOUND = '"$@" </dev/null & peer=$!; read -r _; kill "$peer"; wait "$peer"'

/** A program that runs as long as the test does. */
export class PeerProcess implements AsyncDisposable {
  readonly #ended: Promise<unknown>
  readonly #end: () => void
  #said = ''

  constructor(program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    const child = spawn('sh', ['-c', BOUND, 'sh', program, ...args], { env: { ...process.env, ...env } })
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (bytes: Buffer) => (this.#said += bytes.toString()))
    }
    this.#ended = once(child, 'close')
    this.#end = () => child.stdin.end()
  }

  /** All that it printed. */
  get output(): string {
    return this.#said
  }

  /** The end of that. */
  get said(): string {
    return this.#said.slice(-6_000)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end()
    await this.#ended
  }
}
