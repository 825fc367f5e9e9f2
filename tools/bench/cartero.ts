import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { end, untilGreeted } from './processes.ts'
import type { BenchServer, StartOptions } from './server.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** What `npm start` or `npm run cartero` runs, without npm around it. */
function npmScript(name: 'start' | 'cartero'): string {
  const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>
  }
  return manifest.scripts[name]!
}

/** Our own system with a configuration of its own. */
export async function startCarteroWith({
  folder,
  port,
  config,
  recipient,
}: StartOptions & { readonly config: string; readonly recipient: string }): Promise<BenchServer> {
  mkdirSync(folder, { recursive: true })
  const file = join(folder, 'cartero.yaml')
  writeFileSync(file, config)
  const child = spawn('sh', ['-c', `${npmScript('cartero')} "$@"`, 'cartero', 'serve', '--config', file], {
    cwd: ROOT,
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, ...profile(folder) },
  })
  await untilGreeted(port).catch(async (error) => {
    await end(child)
    throw error
  })
  return { name: 'Cartero', smtpPort: port, recipient, pid: child.pid!, stop: () => end(child) }
}

/** Our own system, started as its users start it. */
export async function startCartero({ folder, port }: StartOptions): Promise<BenchServer> {
  const base = port - 25
  const data = join(folder, 'data')
  const child = spawn(
    'sh',
    ['-c', `${npmScript('start')} "$@"`, 'cartero', '--data', data, '--port-base', String(base)],
    {
      cwd: ROOT,
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, ...profile(folder), CARTERO_LOG__LEVEL: 'warn' },
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
function profile(folder: string): NodeJS.ProcessEnv {
  const target = process.env['CARTERO_PROFILE']
  if (target === undefined) return {}
  return {
    NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${target} --cpu-prof-name=${folder.replaceAll('/', '_')}.cpuprofile`,
  }
}
