// Does `npm start` become ready on an empty folder, and does SIGTERM end it cleanly, with exit code 0?

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { root } from '../house/files.ts'

/** Well-known ports that a port base is added to. */
const OFFSETS = [25, 80, 143, 465, 587, 993]
/** Milliseconds; generous, because a machine that builds is a busy one. */
const READY_WITHIN = 60_000
const STOPPED_WITHIN = 60_000

const folder = mkdtempSync(join(tmpdir(), 'cartero-smoke-'))
try {
  await smoke(join(folder, 'data'), await sparePortBase())
} finally {
  rmSync(folder, { recursive: true, force: true })
}

async function smoke(data: string, base: number): Promise<void> {
  const args = ['start', '--', '--data', data, '--port-base', String(base)]
  // A process group of its own, so that nothing is left behind when this fails.
  const child = spawn('npm', args, { cwd: root, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
  const said: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => said.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => said.push(chunk))
  const exited = once(child, 'exit') as Promise<[code: number | null, signal: string | null]>
  try {
    await ready(`http://127.0.0.1:${base + 80}/readyz`, exited)
    child.kill('SIGTERM')
    await stopped(exited)
    if (!(await isFree(base + 80))) throw new Error('it exited, but something still listens on its port')
    console.log('npm start became ready, and stopped cleanly on SIGTERM')
  } catch (error) {
    console.error(Buffer.concat(said).toString())
    throw error
  } finally {
    endGroup(child.pid)
  }
}

async function ready(url: string, exited: Promise<unknown>): Promise<void> {
  let over = false
  void exited.then(() => (over = true))
  const deadline = AbortSignal.timeout(READY_WITHIN)
  while (!deadline.aborted) {
    if (over) throw new Error('it ended before it was ready')
    const answer = await fetch(url, { signal: deadline }).catch(() => undefined)
    if (answer?.status === 200) return
    await sleep(100)
  }
  throw new Error(`${url} did not answer 200 within ${READY_WITHIN} ms`)
}

async function stopped(exited: Promise<[code: number | null, signal: string | null]>): Promise<void> {
  const late = sleep(STOPPED_WITHIN, undefined, { ref: false })
  const end = await Promise.race([exited, late])
  if (end === undefined) throw new Error(`it did not stop within ${STOPPED_WITHIN} ms of SIGTERM`)
  const [code, signal] = end
  if (code !== 0) throw new Error(`it exited with ${code ?? signal} after SIGTERM`)
}

function endGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL')
  } catch {
    // ESRCH: nothing was left.
  }
}

async function sparePortBase(): Promise<number> {
  for (let base = 21_000; base < 60_000; base += 1_000) {
    const free = await Promise.all(OFFSETS.map((offset) => isFree(base + offset)))
    if (free.every(Boolean)) return base
  }
  throw new Error('no spare ports')
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1')
  return new Promise((resolve) => {
    server.once('error', () => resolve(false))
    server.once('listening', () => server.close(() => resolve(true)))
  })
}
