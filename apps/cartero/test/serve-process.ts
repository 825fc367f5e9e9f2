import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Credentials } from '@cartero/testkit'
import { MAIN } from './cartero-command.ts'

/** Milliseconds until it must serve; a loaded machine starts in ten seconds. */
const PATIENCE = 30_000

/** `cartero serve` with a configuration, as a process of its own. */
export class ServeProcess implements AsyncDisposable {
  readonly file: string
  readonly #base: number
  readonly #child: ChildProcess
  #output = ''

  private constructor(file: string, base: number) {
    this.file = file
    this.#base = base
    this.#child = spawn(process.execPath, [MAIN, 'serve', '--config', file], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const child = this.#child
    const orphaned = (): void => void child.kill('SIGKILL')
    process.once('exit', orphaned)
    child.once('exit', () => process.off('exit', orphaned))
    child.stdout!.on('data', (bytes: Buffer) => (this.#output += bytes.toString()))
    child.stderr!.on('data', (bytes: Buffer) => (this.#output += bytes.toString()))
  }

  /**
   * Fulfilled when it serves.
   *
   * @param folder of its own; its data is in `data` below it
   * @param base what its configuration adds to well-known ports
   */
  static async start(folder: string, base: number, config: string): Promise<ServeProcess> {
    const file = join(folder, 'cartero.yaml')
    writeFileSync(file, `data: ${join(folder, 'data')}\n${config}`)
    const serving = new ServeProcess(file, base)
    await serving.#told('system.serves')
    return serving
  }

  /** All it printed so far. */
  get output(): string {
    return this.#output
  }

  port(wellKnown: number): number {
    return this.#base + wellKnown
  }

  account(localPart: string): Credentials {
    throw new Error(`nobody has told the password of ${localPart}`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const ended = once(this.#child, 'exit')
    this.#child.kill('SIGTERM')
    await ended
  }

  async #told(event: string): Promise<void> {
    const signal = AbortSignal.timeout(PATIENCE)
    while (!this.#output.includes(`"event":"${event}"`)) {
      if (this.#child.exitCode !== null) throw new Error(`cartero serve has ended:\n${this.#output}`)
      await Promise.race([
        once(this.#child.stdout!, 'data', { signal }),
        once(this.#child, 'exit', { signal }),
      ])
    }
  }
}
