import { BrokerError } from './broker-error.ts'
import { NATS_LIMITS, OLDEST_SERVER } from './limits.ts'

/** Throws BrokerError for a server that is too old to be trusted with mail. */
export function checkVersion(version: string, server: string): void {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const [oldestMajor, oldestMinor] = OLDEST_SERVER
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return
  throw new BrokerError('misconfigured', `the broker ${server} is nats-server ${version}`, {
    remedy: `install nats-server ${OLDEST_SERVER.join('.')} or newer on every node: older ones lose what they acknowledged`,
  })
}

/** Throws BrokerError for a server that would refuse the largest messages. @param octets of one message, with its headers */
export function checkPayload(most: number, octets: number): void {
  if (most >= octets) return
  throw new BrokerError(
    'misconfigured',
    `the broker takes messages of ${most} octets, and ${octets} are needed`,
    {
      remedy: 'raise max_payload in the configuration of every nats-server, to 1MB or more',
    },
  )
}

/**
 * Asks each server by its monitoring port whether it syncs before it acknowledges: the protocol itself does not tell. Throws BrokerError
 * when one does not. Returns in words what could not be verified, or undefined.
 */
export async function checkSync(
  monitors: readonly string[],
  signal: AbortSignal,
): Promise<string | undefined> {
  if (monitors.length === 0)
    return 'whether the broker syncs before it acknowledges was not verified: the configuration names no monitoring port'
  const silent = (await Promise.all(monitors.map((monitor) => checkServer(monitor, signal)))).filter(
    (words) => words !== undefined,
  )
  return silent.length === 0
    ? undefined
    : `whether the broker syncs before it acknowledges was not verified: ${silent.join('; ')}`
}

async function checkServer(monitor: string, signal: AbortSignal): Promise<string | undefined> {
  const facts = await factsOf(monitor, signal)
  if (typeof facts === 'string') return `${monitor} does not answer (${facts})`
  checkVersion(facts.version ?? '', `at ${monitor}`)
  if (facts.jetstream?.config?.sync_always === true) return undefined
  throw new BrokerError(
    'misconfigured',
    `the broker at ${monitor} acknowledges before it syncs: a power cut would lose mail`,
    {
      remedy:
        'write jetstream { sync_interval: always } into the configuration of every nats-server, and start it again',
    },
  )
}

interface ServerFacts {
  readonly version?: string
  readonly jetstream?: { readonly config?: { readonly sync_always?: boolean } }
}

async function factsOf(monitor: string, signal: AbortSignal): Promise<ServerFacts | string> {
  try {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(NATS_LIMITS.question)])
    const response = await fetch(`http://${monitor}/varz`, { signal: limit })
    if (!response.ok) return `status ${response.status}`
    return (await response.json()) as ServerFacts
  } catch (error) {
    signal.throwIfAborted()
    const { message, cause } = error as Error
    return cause instanceof Error ? cause.message : message
  }
}
