import {
  DiscardPolicy,
  nanos,
  RetentionPolicy,
  StorageType,
  type StreamConfig as NatsStreamConfig,
} from 'nats'

/** What a stream must be like. It is kept in files, always. */
export interface StreamConfig {
  /** Capital letters, digits and underscores. */
  readonly name: string
  /** `*` stands for one word, `>` for all that follow. */
  readonly subjects: readonly string[]
  /** `untilTaken`: each message is for one taker, and gone when he has it. `untilOld`: it is there until a limit is reached. */
  readonly keeps: 'untilTaken' | 'untilOld'
  /** What happens to the next message when a limit is reached: the publisher hears that it is full, or the oldest one goes. */
  readonly whenFull: 'refuse' | 'dropOldest'
  /** Servers that have it all: 1, 3 or 5. */
  readonly replicas: number
  readonly maxOctets: number
  /** Octets of one message, with its headers. */
  readonly maxMessageOctets: number
  /** Milliseconds; absent: for ever. */
  readonly maxAge?: number
  /** Milliseconds within which a message id that comes again is known. */
  readonly duplicateWindow: number
  /** What is acknowledged has to survive a power cut: every server syncs (`jetstream { sync_interval: always }`). */
  readonly isSynced: boolean
  /** Every replica may answer reads. */
  readonly isReadAnywhere?: boolean
}

/** The same in the words of the broker. */
export function configurationOf(config: StreamConfig): Partial<NatsStreamConfig> {
  return {
    name: config.name,
    subjects: [...config.subjects],
    retention: config.keeps === 'untilTaken' ? RetentionPolicy.Workqueue : RetentionPolicy.Limits,
    storage: StorageType.File,
    discard: config.whenFull === 'refuse' ? DiscardPolicy.New : DiscardPolicy.Old,
    num_replicas: config.replicas,
    max_bytes: config.maxOctets,
    max_msg_size: config.maxMessageOctets,
    max_age: nanos(config.maxAge ?? 0),
    duplicate_window: nanos(config.duplicateWindow),
    no_ack: false,
    ...(config.isReadAnywhere && { allow_direct: true }),
  }
}

/** What of it the broker has otherwise, in words: `max_bytes is 5 instead of 6`. An old server is silent about what it does not know. */
export function differences(wanted: Partial<NatsStreamConfig>, returned: object): readonly string[] {
  const found = returned as Readonly<Record<string, unknown>>
  const words = Object.entries(wanted)
    .filter(([key, value]) => !isSame(value, found[key]))
    .map(([key, value]) => `${key} is ${wordOf(found[key])} instead of ${wordOf(value)}`)
  // Writes later, and acknowledges before.
  if (found['persist_mode'] === 'async') words.push('persist_mode is async instead of default')
  if (found['sealed'] === true) words.push('it is sealed')
  return words
}

function isSame(wanted: unknown, found: unknown): boolean {
  return JSON.stringify(wanted) === JSON.stringify(found ?? (wanted === false ? false : undefined))
}

function wordOf(value: unknown): string {
  return value === undefined ? 'unknown' : JSON.stringify(value)
}
