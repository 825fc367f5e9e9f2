import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A file for each port that a test of this machine is about to listen on, with the id of its process. */
const FOLDER = join(tmpdir(), 'cartero-test-ports')
const claimed = new Set<string>()

/**
 * Whether the port is this process's for as long as it lives: a port is looked for some time before somebody listens on it, and another test
 * would find it free meanwhile.
 */
export function claim(port: number): boolean {
  if (claimed.size === 0) prepare()
  const file = join(FOLDER, String(port))
  if (claimed.has(file)) return false
  for (const attempt of ['first', 'after one that died'] as const) {
    try {
      writeFileSync(file, String(process.pid), { flag: 'wx' })
      claimed.add(file)
      return true
    } catch {
      if (attempt === 'first' && !isAlive(ownerOf(file))) rmSync(file, { force: true })
    }
  }
  return false
}

function prepare(): void {
  mkdirSync(FOLDER, { recursive: true, mode: 0o1777 })
  process.once('exit', () => {
    for (const file of claimed) rmSync(file, { force: true })
  })
}

function ownerOf(file: string): number {
  try {
    return Number(readFileSync(file, 'utf8'))
  } catch {
    return 0
  }
}

function isAlive(pid: number): boolean {
  if (pid === 0) return false
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
