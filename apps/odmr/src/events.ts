import type { Logger, MetricRegistry } from '@cartero/agent/telemetry'
import { replies, type Reply, type SmtpEvent } from '@cartero/smtp/server'
import type { Delivery } from '@cartero/spool'
import type { TurnEnding } from '@cartero/spool/dispatch'
import { loginEvents, peerOf, type Subject } from '@cartero/spool/reception'
import type { ConnectionFacts, TlsFacts } from '@cartero/wire'
import { ANSWERS, METRICS } from './metrics.ts'

export type Events = ReturnType<typeof createEvents>

/** A session, as far as it is told of. */
interface ToldSession {
  readonly connection: ConnectionFacts
  readonly subject: Subject
  readonly tls: TlsFacts | undefined
}

/** The MTA, which was asked, has told of these. */
const TOLD: ReadonlySet<Reply> = new Set<Reply>([replies.noMailWaiting, replies.turnUnderWay])

/** What the provider tells of sessions: a counter and a line for each event. What becomes of mail in a turn, the MTA tells. */
export function createEvents(logger: Logger, registry: MetricRegistry) {
  const metrics = registry.register(METRICS)
  const login = loginEvents('odmr', logger, metrics)
  const events = {
    ...login,
    /** Whoever listens on the way can try passwords at home, and reads all that follows. */
    unprotected(connection: ConnectionFacts, account: string, mechanism: string): void {
      logger.warn('auth.unprotected', { ...peerOf(connection), account, mechanism })
    },
    /** A request to turn was decided. */
    answered(code: number): void {
      const reply = String(code)
      if (ANSWERS.includes(reply)) metrics.requests.add({ reply })
    },
    /** A connection that was turned around is over; the MTA has the line for it. */
    turned(ending: TurnEnding['kind']): void {
      metrics.turns.add({ ending })
    },
    /** The connection ended between the end of a message and its answer: it will come again. */
    uncertain({ message, recipients }: Delivery, host: string): void {
      const to = recipients.map(({ address }) => address)
      logger.warn('message.uncertain', { qid: message.queueId, to, host })
    },
    report(event: SmtpEvent, session: ToldSession): void {
      if (event.kind === 'refused' && TOLD.has(event.reply)) return
      login.report(event, session)
      if (event.kind === 'authenticated' && session.tls === undefined)
        events.unprotected(session.connection, event.account, event.mechanism)
    },
  }
  return events
}
