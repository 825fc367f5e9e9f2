import { NATS_LIMITS } from './limits.ts'

/** Connections of one server that are asked for: more than any has of processes of ours. */
const MOST = 10_000

interface Connections {
  readonly connections?: readonly { readonly name?: string }[]
}

/**
 * Names under which processes are connected to the broker now, each once, as its monitoring ports say; a server that does not answer has
 * told of none.
 *
 * @param monitors `host:port` of each server
 */
export async function connectedNames(
  monitors: readonly string[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  const names = await Promise.all(monitors.map((monitor) => namesAt(monitor, signal)))
  return [...new Set(names.flat())].toSorted()
}

async function namesAt(monitor: string, signal: AbortSignal): Promise<readonly string[]> {
  try {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(NATS_LIMITS.question)])
    const response = await fetch(`http://${monitor}/connz?limit=${MOST}`, { signal: limit })
    const { connections = [] } = (await response.json()) as Connections
    return connections.flatMap(({ name }) => name ?? [])
  } catch {
    signal.throwIfAborted()
    return []
  }
}
