import { isatty } from 'node:tty'

import { pino, type DestinationStream } from 'pino'

import { harmlessJsonText } from '../terminal/harmless.ts'
import { PrettyStream } from './pretty.ts'

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

/** What an event carries. An Error goes under `err`. Secrets are objects whose toJSON redacts them. */
export type LogFields = Readonly<Record<string, unknown>>

/** Tells events, one line each. The event's name is a constant with dots, `message.accepted`; all else is a field. */
export interface Logger {
  trace(event: string, fields?: LogFields): void
  debug(event: string, fields?: LogFields): void
  info(event: string, fields?: LogFields): void
  warn(event: string, fields?: LogFields): void
  error(event: string, fields?: LogFields): void
  fatal(event: string, fields?: LogFields): void
  /** A logger that adds these fields to every event: `{ agent: 'msa' }`. */
  child(fields: LogFields): Logger
  /** Whether an event of this level would be written; asked before fields are computed that cost something. */
  enabled(level: LogLevel): boolean
}

/** The logger of a process, which owns the descriptor. */
export interface RootLogger extends Logger, Disposable {
  readonly level: LogLevel
  /** From now on, for all loggers that came of this one, too. */
  setLevel(level: LogLevel): void
  /** Writes what is buffered, now. */
  flush(): void
}

export interface LoggerOptions {
  readonly level: LogLevel
  /** `auto` is `pretty` on a terminal and `json` elsewhere. */
  readonly format: 'auto' | 'json' | 'pretty'
  /** File descriptor: 1 is standard output, 2 is standard error. */
  readonly descriptor: 1 | 2
  /** In every line: `{ service: 'cartero' }`. */
  readonly base?: LogFields
}

/** Octets gathered before a write. Lines of a busy server share system calls; a quiet one flushes by time. */
const BUFFER = 4_096
/** Milliseconds after which buffered lines are written in any case. */
const FLUSH_EVERY = 250

/** One line for each event: JSON for machines, or a short line for people. Buffered; what is left is written at exit. */
export function createLogger(options: LoggerOptions): RootLogger {
  const isTerminal = isatty(options.descriptor)
  const pretty = options.format === 'pretty' || (options.format === 'auto' && isTerminal)
  if (pretty) return rootLogger(new PrettyStream(options.descriptor, isTerminal), options, () => undefined)
  const destination = pino.destination({
    dest: options.descriptor,
    sync: false,
    minLength: BUFFER,
    periodicFlush: FLUSH_EVERY,
  })
  // Logs are read on terminals, and tell what strangers say.
  const harmless = { write: (line: string) => void destination.write(harmlessJsonText(line)) }
  return rootLogger(harmless, options, () => flushQuietly(destination))
}

/** A logger that writes JSON lines to `write`; for tests and for destinations of one's own. */
export function createLoggerTo(
  write: (line: string) => void,
  level: LogLevel = 'trace',
  base: LogFields = {},
): Logger {
  return rootLogger({ write: (line) => write(harmlessJsonText(line)) }, { level, base }, () => undefined)
}

/** Tells nobody. */
export const silentLogger: Logger = {
  trace() {},
  debug() {},
  info() {},
  warn() {},
  error() {},
  fatal() {},
  child: () => silentLogger,
  enabled: () => false,
}

function rootLogger(
  destination: DestinationStream,
  options: Pick<LoggerOptions, 'level' | 'base'>,
  flush: () => void,
): RootLogger {
  const root = pino(
    {
      level: options.level,
      base: { ...options.base },
      messageKey: 'event',
      timestamp,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: pino.stdSerializers.err },
    },
    destination,
  )
  const common = { level: options.level }
  return {
    ...wrap(root, common),
    get level() {
      return common.level
    },
    setLevel: (level) => {
      common.level = level
    },
    flush,
    [Symbol.dispose]: flush,
  }
}

let stampedAt = 0
let stamp = ''

/** Many events share a millisecond, and writing it out costs as much as all the rest of a line. */
function timestamp(): string {
  const now = Date.now()
  if (now !== stampedAt) {
    stampedAt = now
    stamp = `,"ts":"${new Date(now).toISOString()}"`
  }
  return stamp
}

/** The event comes first here and last in pino. Each takes on a new level when it is used next. */
function wrap(inner: pino.Logger, common: { readonly level: LogLevel }): Logger {
  let level = common.level
  const current = (): pino.Logger => {
    if (level !== common.level) inner.level = level = common.level
    return inner
  }
  return {
    trace: (event, fields) => current().trace(fields ?? {}, event),
    debug: (event, fields) => current().debug(fields ?? {}, event),
    info: (event, fields) => current().info(fields ?? {}, event),
    warn: (event, fields) => current().warn(fields ?? {}, event),
    error: (event, fields) => current().error(fields ?? {}, event),
    fatal: (event, fields) => current().fatal(fields ?? {}, event),
    child: (fields) => wrap(current().child(fields), common),
    enabled: (asked) => current().isLevelEnabled(asked),
  }
}

/** The descriptor may be gone (a closed pipe) or not open yet; then there is nobody to tell. */
function flushQuietly(destination: { flushSync(): void }): void {
  try {
    destination.flushSync()
  } catch {
    // Nobody reads the log.
  }
}
