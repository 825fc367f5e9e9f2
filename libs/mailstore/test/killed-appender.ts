import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** What a process said that it has appended. */
export interface Acknowledged {
  readonly number: number
  readonly kind: string
  readonly uid: number
}

/** Lets a process append until it has acknowledged that many, and kills it in the middle of its work. */
export async function appendUntilKilled(count: number, args: readonly string[]): Promise<Acknowledged[]> {
  const appender = spawn(process.execPath, [join(import.meta.dirname, 'appender.ts'), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const gone = once(appender, 'exit')
  const acknowledged: Acknowledged[] = []
  for await (const line of createInterface(appender.stdout)) {
    const [number, kind = '', uid] = line.split(' ')
    acknowledged.push({ number: Number(number), kind, uid: Number(uid) })
    if (acknowledged.length === count) appender.kill('SIGKILL')
  }
  const [, signal] = (await gone) as [number | null, string | null]
  assert.equal(signal, 'SIGKILL')
  return acknowledged
}
