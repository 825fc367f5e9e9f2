import { randomInt } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { lacks } from '../debian-tool.ts'
import { PeerProcess } from '../peer-process.ts'
import { LOOPBACK, namedConfiguration } from './configuration.ts'
import { loadedZone, type LoadedZone, type NameServerZones } from './zones.ts'

/** A name server for a test: BIND, on loopback, with a folder and a port of its own. */
export interface NameServer extends AsyncDisposable {
  /** A recursive resolver that validates, as `address:port`. Names outside of the zones do not exist. */
  readonly server: string
  readonly port: number
  /** The end of its log, for the message of a test that failed. */
  log(): string
  /** Ends it, as disposing does: from then on nobody answers. */
  stop(): Promise<void>
}

export interface NameServerOptions {
  readonly zones: NameServerZones
  /** Domains for which nobody answers where they are delegated to: SERVFAIL. */
  readonly lame?: readonly string[]
}

/** For a test's `skip`: false where a name server can be started, else why not. */
export const NAMED_LACKS: string | false = lacks('named', 'bind9') || lacks('dnssec-signzone', 'bind9-utils')

const LIMIT_MS = 15_000
/** Names that nobody has are not looked for outside. */
const ROOT =
  '@ SOA ns.invalid. hostmaster.invalid. 1 3600 600 86400 60\n@ NS ns.invalid.\nns.invalid. A 127.0.0.1'

/**
 * Starts BIND with the zones, in about a third of a second.
 * `await using names = await startNameServer({ zones: { 'example.test': '@ MX 10 mx\nmx A 127.0.0.2' } })`
 */
export async function startNameServer({ zones, lame = [] }: NameServerOptions): Promise<NameServer> {
  const folder = mkdtempSync(join(tmpdir(), 'cartero-named-'))
  try {
    const sources = Object.entries({ '.': ROOT, ...zones })
    const loaded = await Promise.all(sources.map(([name, zone]) => loadedZone(folder, name, zone)))
    return await started(folder, loaded, lame)
  } catch (error) {
    rmSync(folder, { recursive: true, force: true })
    throw error
  }
}

async function started(
  folder: string,
  zones: readonly LoadedZone[],
  lame: readonly string[],
): Promise<NameServer> {
  const [port, authorityPort, deadPort] = [await freePort(), await freePort(), await freePort()]
  const file = join(folder, 'named.conf')
  writeFileSync(file, namedConfiguration({ folder, port, authorityPort, zones, lame, deadPort }))
  const daemon = new PeerProcess('named', ['-g', '-n', '1', '-c', file])
  await untilRunning(daemon)
  let ended: Promise<void> | undefined
  const stop = async (): Promise<void> => {
    await daemon[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true, force: true })
  }
  const once = (): Promise<void> => (ended ??= stop())
  return {
    server: `${LOOPBACK}:${port}`,
    port,
    log: () => daemon.said,
    stop: once,
    [Symbol.asyncDispose]: once,
  }
}

async function untilRunning(daemon: PeerProcess): Promise<void> {
  for (const end = Date.now() + LIMIT_MS; Date.now() < end; await sleep(10)) {
    if (/ exiting|address in use|not loaded due to errors/.test(daemon.said)) break
    if (/ running$/m.test(daemon.said)) return
  }
  await daemon[Symbol.asyncDispose]()
  throw new Error(`named does not run:\n${daemon.said}`)
}

/** A port that is free for datagrams and connections below those that the system gives to clients. */
async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 50; attempt++) {
    const port = randomInt(10_000, 20_000)
    if ((await isFreeTcp(port)) && (await isFreeUdp(port))) return port
  }
  throw new Error('no free port was found in 50 attempts')
}

function isFreeTcp(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, LOOPBACK, () => server.close(() => resolve(true)))
  })
}

function isFreeUdp(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4')
    socket.once('error', () => resolve(false))
    socket.bind(port, LOOPBACK, () => socket.close(() => resolve(true)))
  })
}
