import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { link, readFile, rename, unlink, writeFile } from 'node:fs/promises'

import { ContentStoreError } from '../ports.ts'

/** Who holds a lock. A pid alone is not enough: after a restart, another process (or we) may have it. */
interface Owner {
  readonly pid: number
  /** When the process started, in the kernel's own count, and of which boot; '' where there is no /proc. */
  readonly started: string
  /** Tells two stores of one process apart. */
  readonly nonce: string
}

const held = new Set<string>()

/**
 * Owns a path until released or until the process has died. For processes that see each other's pids; two containers
 * that share a volume do not, and must not share a store.
 */
export async function lock(path: string): Promise<() => Promise<void>> {
  const self: Owner = { pid: process.pid, started: startOf(process.pid), nonce: randomUUID() }
  const draft = `${path}.${self.nonce}`
  await writeFile(draft, JSON.stringify(self))
  try {
    for (let attempt = 0; attempt < 5; attempt++) {
      if (await claimed(draft, path)) {
        held.add(self.nonce)
        return () => release(path, self)
      }
      await clearIfDead(path, draft)
    }
  } finally {
    await unlink(draft)
  }
  throw new ContentStoreError('io', `${path} cannot be taken: several processes are starting at once`)
}

/** `link` fails when the name exists, whatever else happens at the same time. */
async function claimed(draft: string, path: string): Promise<boolean> {
  try {
    await link(draft, path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

async function clearIfDead(path: string, draft: string): Promise<void> {
  const owner = await ownerOf(path)
  if (owner === undefined) return
  if (isAlive(owner)) {
    throw new ContentStoreError(
      'io',
      `${path} is held by process ${owner.pid}: stop that process, or give this one a directory of its own`,
    )
  }
  // By a rename, so that of two processes that found the same dead owner only one goes on with it.
  const aside = `${draft}.stale`
  await rename(path, aside).catch(ignoreMissing)
  await unlink(aside).catch(ignoreMissing)
}

async function ownerOf(path: string): Promise<Owner | undefined> {
  const text = await readFile(path, 'utf8').catch(ignoreMissing)
  if (text === undefined) return undefined
  try {
    return JSON.parse(text) as Owner
  } catch {
    // Torn by a power loss: whoever wrote it is gone.
    return { pid: 0, started: '', nonce: '' }
  }
}

function isAlive({ pid, started, nonce }: Owner): boolean {
  if (pid === process.pid && startOf(pid) === started) return held.has(nonce)
  if (pid <= 0) return false
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
  }
  return startOf(pid) === started
}

/** Boot and start time of a process; 'dead' for a zombie; '' where the system does not tell. */
function startOf(pid: number): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    const status = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // proc(5): the second field is the command in parentheses and may contain anything; the third is the state, the
    // 22nd the start time.
    const fields = status.slice(status.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' || fields[0] === 'X' ? 'dead' : `${boot} ${fields[19]}`
  } catch {
    return ''
  }
}

async function release(path: string, self: Owner): Promise<void> {
  held.delete(self.nonce)
  if ((await ownerOf(path))?.nonce === self.nonce) await unlink(path).catch(ignoreMissing)
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error
}
