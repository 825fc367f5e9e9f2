import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** Runs a command to its end; rejects with its words when it fails. */
export async function run(
  command: string,
  args: readonly string[],
  environment: NodeJS.ProcessEnv = process.env,
): Promise<string> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env: environment })
  let output = ''
  child.stdout.on('data', (bytes: Buffer) => (output += bytes.toString()))
  child.stderr.on('data', (bytes: Buffer) => (output += bytes.toString()))
  const [code] = (await once(child, 'close')) as [number | null]
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}: ${output.slice(-2000)}`)
  return output
}

/** Waits until something answers on the port with a first line. */
export async function untilGreeted(port: number, limitMs = 20_000): Promise<void> {
  const end = Date.now() + limitMs
  while (Date.now() < end) {
    if (await greets(port)) return
    await sleep(50)
  }
  throw new Error(`nothing greets on port ${port} within ${limitMs} ms`)
}

function greets(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    const done = (answer: boolean): void => {
      socket.destroy()
      resolve(answer)
    }
    socket.once('data', () => done(true))
    socket.once('error', () => done(false))
    socket.setTimeout(2_000, () => done(false))
  })
}

/** Ends a process we started and waits for it. */
export async function end(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const closed = once(child, 'exit')
  child.kill(signal)
  await closed
}

/** Processor time that a process has used, its threads included, in seconds; in steps of the kernel's tick. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
}

/** Linux, whatever the kernel's own rate. */
const TICKS_PER_SECOND = 100

interface ProcessRow {
  readonly pid: number
  readonly parent: number
  /** Resident set size, in octets. */
  readonly rss: number
  /** Proportional set size, in octets: shared pages are divided between those who share them. */
  readonly pss: number
}

/**
 * Memory of a server, in octets: of a single process all that is resident, of a family the proportional sets, so that
 * what its members share is counted once.
 */
export function memoryOf(pid: number): number {
  const rows = processes()
  const family = new Set([pid])
  for (let grown = true; grown;) {
    grown = false
    for (const row of rows) {
      if (!family.has(row.pid) && family.has(row.parent)) {
        family.add(row.pid)
        grown = true
      }
    }
  }
  const members = rows.filter((row) => family.has(row.pid))
  return members.length === 1 ? members[0]!.rss : members.reduce((sum, row) => sum + row.pss, 0)
}

function processes(): ProcessRow[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'latin1')
        const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
        const rollup = readFileSync(`/proc/${name}/smaps_rollup`, 'latin1')
        const octets = (key: string): number =>
          Number(new RegExp(`^${key}:\\s+(\\d+) kB`, 'm').exec(rollup)?.[1] ?? 0) * 1024
        return [{ pid: Number(name), parent, rss: octets('Rss'), pss: octets('Pss') }]
      } catch {
        return []
      }
    })
}

/** Processor time that all processes of each program have used, in seconds. */
export function cpuOfPrograms(names: readonly string[]): ReadonlyMap<string, number> {
  const times = new Map(names.map((name) => [name, 0]))
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const name = readFileSync(`/proc/${pid}/comm`, 'latin1').trim()
      const sum = times.get(name)
      if (sum !== undefined) times.set(name, sum + cpuSeconds(Number(pid)))
    } catch {
      // It has ended meanwhile.
    }
  }
  return times
}
