import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { end, untilGreeted } from './processes.ts'
import type { BenchServer, StartOptions } from './server.ts'

const MAIN = fileURLToPath(new URL('../../apps/cartero/src/main.ts', import.meta.url))

/** Our own system, started as its users start it. */
export async function startCartero({ folder, port }: StartOptions): Promise<BenchServer> {
  const base = port - 25
  const data = join(folder, 'data')
  const child = spawn(
    process.execPath,
    [...profileFlags(folder), MAIN, 'dev', '--data', data, '--port-base', String(base)],
    {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, CARTERO_LOG__LEVEL: 'warn' },
    },
  )
  await Promise.all([untilGreeted(port), untilGreeted(base + 143)]).catch(async (error) => {
    await end(child)
    throw error
  })
  const { accounts } = JSON.parse(readFileSync(join(data, 'credentials.json'), 'utf8')) as {
    accounts: { address: string; password: string }[]
  }
  const bob = accounts.find((account) => account.address.startsWith('bob@'))!
  return {
    name: 'Cartero',
    smtpPort: port,
    recipient: bob.address,
    imap: { port: base + 143, user: bob.address, password: bob.password },
    pid: child.pid!,
    stop: () => end(child),
  }
}

/** `CARTERO_PROFILE=folder` leaves a CPU profile there. */
function profileFlags(folder: string): string[] {
  const target = process.env['CARTERO_PROFILE']
  return target === undefined
    ? []
    : ['--cpu-prof', `--cpu-prof-dir=${target}`, `--cpu-prof-name=${folder.replaceAll('/', '_')}.cpuprofile`]
}
