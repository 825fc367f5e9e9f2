import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePortBase } from './free-ports.ts'

/** The program, as Node runs it. */
export const MAIN: string = fileURLToPath(new URL('../../../apps/cartero/src/main.ts', import.meta.url))

export interface StartOptions {
  /** A data folder of an earlier run; a new one in the system's temporary folder by default. */
  readonly data?: string
  readonly base?: number
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** How long it may take until it is ready. */
  readonly limitMs?: number
}

export interface Credentials {
  readonly address: string
  readonly password: string
}

/** `cartero dev` as its users start it: a process of its own with its own data folder and ports. */
export class CarteroProcess implements AsyncDisposable {
  readonly base: number
  readonly data: string
  readonly child: ChildProcess
  #output = ''

  private constructor(base: number, data: string, child: ChildProcess) {
    this.base = base
    this.data = data
    this.child = child
    child.stdout!.on('data', (bytes: Buffer) => (this.#output += bytes.toString()))
    child.stderr!.on('data', (bytes: Buffer) => (this.#output += bytes.toString()))
  }

  /** Fulfilled when /readyz answers 200. Rejects with all it printed when it ends before. */
  static async start(options: StartOptions = {}): Promise<CarteroProcess> {
    const base = options.base ?? (await freePortBase())
    const data = options.data ?? mkdtempSync(join(tmpdir(), 'cartero-test-'))
    const args = [MAIN, 'dev', '--data', data, '--port-base', String(base), ...(options.args ?? [])]
    const child = spawn(process.execPath, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...options.env },
    })
    // A test that fails before it stops the process must not leave it behind.
    const orphaned = (): void => void child.kill('SIGKILL')
    process.once('exit', orphaned)
    child.once('exit', () => process.off('exit', orphaned))
    const cartero = new CarteroProcess(base, data, child)
    await cartero.#ready(options.limitMs ?? 30_000)
    return cartero
  }

  /** All it printed so far. */
  get output(): string {
    return this.#output
  }

  get running(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null
  }

  /** Port of a protocol by its well-known number. */
  port(wellKnown: number): number {
    return this.base + wellKnown
  }

  account(localPart: string): Credentials {
    const { accounts } = JSON.parse(readFileSync(join(this.data, 'credentials.json'), 'utf8')) as {
      accounts: Credentials[]
    }
    const account = accounts.find(({ address }) => address.startsWith(`${localPart}@`))
    if (account === undefined) throw new Error(`credentials.json has no ${localPart}@…`)
    return account
  }

  /** SIGTERM; fulfilled with the exit code. */
  async stop(): Promise<number | null> {
    return this.#end('SIGTERM')
  }

  /** SIGKILL, as a crash. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  removeData(): void {
    rmSync(this.data, { recursive: true, force: true })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
    this.removeData()
  }

  async #end(signal: NodeJS.Signals): Promise<number | null> {
    if (this.running) {
      const ended = once(this.child, 'exit')
      this.child.kill(signal)
      await ended
    }
    return this.child.exitCode
  }

  async #ready(limitMs: number): Promise<void> {
    const deadline = Date.now() + limitMs
    while (Date.now() < deadline && this.running) {
      const ok = await fetch(`http://127.0.0.1:${this.port(80)}/readyz`).then(
        (response) => response.ok,
        () => false,
      )
      if (ok) return
      await sleep(30)
    }
    await this.kill()
    throw new Error(`cartero was not ready within ${limitMs} ms:\n${this.#output}`)
  }
}
