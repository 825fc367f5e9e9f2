import type { LogFields, Logger, LogLevel } from '@cartero/agent/telemetry'
import type { Clock } from '@cartero/wire'

import type { Journal } from './ports.ts'

/** Beginnings of the names of what is told to the journal, and names: what happened to a message, or to who brought or fetched it. */
export const JOURNALLED_EVENTS: readonly string[] = ['message.', 'notice.', 'turn.', 'session.rejected']

/** Told to the journal whatever the level of the log is. `debug` and `trace` are not: they are for those who mend. */
const JOURNALLED_LEVELS: ReadonlySet<LogLevel> = new Set(['info', 'warn', 'error', 'fatal'])

/**
 * The same logger, whose events about messages go to the journal, too (JOURNALLED_EVENTS at info and above). The field
 * `agent` of its children says whose they are. It is `enabled('info')` at every level of the log, since the journal wants to know.
 */
export function journalled(logger: Logger, journal: Journal, clock: Clock): Logger {
  return wrap(logger, {}, { journal, clock })
}

interface Ears {
  readonly journal: Journal
  readonly clock: Clock
}

function wrap(logger: Logger, { agent = '', ...context }: LogFields, ears: Ears): Logger {
  const told = String(agent)
  const hasContext = Object.keys(context).length > 0
  const tell = (event: string, fields: LogFields = {}): void => {
    if (!isJournalled(event)) return
    const all = hasContext ? { ...context, ...fields } : fields
    ears.journal.tell({ at: ears.clock.now(), event, agent: told, fields: readable(all) })
  }
  const both =
    (level: 'info' | 'warn' | 'error' | 'fatal') =>
    (event: string, fields?: LogFields): void => {
      tell(event, fields)
      logger[level](event, fields)
    }
  return {
    trace: (event, fields) => logger.trace(event, fields),
    debug: (event, fields) => logger.debug(event, fields),
    info: both('info'),
    warn: both('warn'),
    error: both('error'),
    fatal: both('fatal'),
    child: (fields) => wrap(logger.child(fields), { agent, ...context, ...fields }, ears),
    enabled: (level) => JOURNALLED_LEVELS.has(level) || logger.enabled(level),
  }
}

function isJournalled(event: string): boolean {
  return JOURNALLED_EVENTS.some((beginning) => event.startsWith(beginning))
}

/** An error has no fields that JSON would write. */
function readable(fields: LogFields): LogFields {
  const { err } = fields
  return err instanceof Error ? { ...fields, err: err.message } : fields
}
