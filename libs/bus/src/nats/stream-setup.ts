import type { JetStreamManager, NatsError, StreamInfo } from 'nats'

import { BrokerError } from './broker-error.ts'
import type { Link } from './link.ts'
import { checkPayload, checkSync, checkVersion } from './server-check.ts'
import { configurationOf, differences, type StreamConfig } from './stream-config.ts'

export interface StreamPlace {
  readonly link: Link
  readonly manager: JetStreamManager
  readonly config: StreamConfig
  /** `host:port` of the monitoring port of each server. */
  readonly monitor: readonly string[]
}

/** JetStream: a stream that is there already, and is configured otherwise. */
const NAME_IN_USE = 10_058
/** JetStream: there is no such stream. */
const STREAM_NOT_FOUND = 10_059

/** Throws BrokerError for servers that must not have it. Returns in words what could not be verified of them, or undefined. */
export async function checkServers(
  { link: { connection }, config, monitor }: Omit<StreamPlace, 'manager'>,
  signal: AbortSignal,
): Promise<string | undefined> {
  checkVersion(connection.info?.version ?? '', connection.getServer())
  checkPayload(connection.info?.max_payload ?? 0, config.maxMessageOctets)
  return config.isSynced ? checkSync(monitor, signal) : undefined
}

/** Looks first: not every agent may make one. */
/** Who may only look finds it when others have made it. */
export async function foundOrMade(place: StreamPlace): Promise<StreamInfo> {
  return (await foundStream(place)) ?? madeStream(place)
}

/** Somebody else may have been faster. */
export async function madeStream({ manager, config }: StreamPlace): Promise<StreamInfo> {
  try {
    return await manager.streams.add(configurationOf(config))
  } catch (error) {
    if (codeOf(error) !== NAME_IN_USE) throw error
    return manager.streams.info(config.name)
  }
}

/** Undefined when the broker says that there is none. */
export async function foundStream({ manager, config }: StreamPlace): Promise<StreamInfo | undefined> {
  try {
    return await manager.streams.info(config.name)
  } catch (error) {
    if (codeOf(error) === STREAM_NOT_FOUND) return undefined
    throw error
  }
}

/** Throws BrokerError for a stream that is not as it must be. */
export function checkStream(config: StreamConfig, returned: object): void {
  const wrong = differences(configurationOf(config), returned)
  if (wrong.length === 0) return
  const { name } = config
  throw new BrokerError('misconfigured', `the stream ${name} is not as it must be: ${wrong.join(', ')}`, {
    remedy: `nats stream edit ${name}, or install nats-server 2.12 or newer where a setting is unknown`,
  })
}

function codeOf(error: unknown): number | undefined {
  return (error as Partial<NatsError>).api_error?.err_code
}
