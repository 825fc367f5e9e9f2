import type { LogFields, Logger } from '@cartero/agent/telemetry'
import type { Reply, SmtpEvent } from '@cartero/smtp/server'
import type { ConnectionFacts } from '@cartero/wire'
import type { Asker } from './etrn-desk.ts'
import type { Accepted } from './receiving-session.ts'
import { stageOf, type Stage, type Subject } from './refusal.ts'

/** What every receiving edge counts. */
export interface SessionCounters {
  readonly sessions: { add(labels: Readonly<Record<string, never>>): void }
  readonly rejections: { add(labels: { readonly at: Stage }): void }
  readonly bugs: { add(labels: Readonly<Record<string, never>>): void }
}

/** What an edge counts, too, where clients log in. */
export interface LoginCounters extends SessionCounters {
  readonly authentications: { add(labels: { readonly outcome: 'success' | 'failure' }): void }
}

/** A session, as far as its refusals are told. */
export interface ToldSession {
  readonly connection: ConnectionFacts
  readonly subject: Subject
}

export type SessionEvents = ReturnType<typeof sessionEvents>

export type LoginEvents = ReturnType<typeof loginEvents>

/**
 * What every receiving edge tells, whoever its clients are.
 *
 * @param agent names the edge in the log: `mta`, `msa`
 */
// RFC 2505 §2.3, RFC 2505 §2.4, RFC 6409 §5.2
export function sessionEvents(agent: string, logger: Logger, counters: SessionCounters) {
  const events = {
    connected(): void {
      counters.sessions.add({})
    },
    /** A connection that came to nothing before there was a session. */
    turnedAway(remoteAddress: string, reason: string): void {
      counters.rejections.add({ at: 'connect' })
      logger.info('session.rejected', { peer: remoteAddress, reason })
    },
    /** Something was refused; the reason is for the operator. */
    refused(at: Stage, { connection, subject }: ToldSession, reason: string): void {
      counters.rejections.add({ at })
      logger.info('message.rejected', { ...peerOf(connection), ...subject, at, reason })
    },
    /** Something was thrown that nobody foresaw; the client was told 451. */
    bug({ connection }: ToldSession, error: unknown): void {
      counters.bugs.add({})
      logger.error(`${agent}.bug`, { sid: connection.id, err: error })
    },
    /** Somebody who may do so had waiting mail tried now. */
    // RFC 1985
    queueStarted({ connection, account }: Asker, node: string, { code }: Reply): void {
      logger.info('queue.started', { ...peerOf(connection), account, node, code })
    },
    queueFailed({ connection, account }: Asker, node: string, error: unknown): void {
      logger.error('queue.unstarted', { ...peerOf(connection), account, node, err: error })
    },
    /** What of a machine's events is the same on all edges. */
    report(event: SmtpEvent, session: ToldSession): void {
      if (event.kind === 'refused')
        events.refused(stageOf(event.verb, session.subject), session, event.reason)
      else if (event.kind === 'bug') events.bug(session, event.error)
    },
  }
  return events
}

type Login = Extract<SmtpEvent, { readonly kind: 'authenticated' }>
type FailedLogin = Extract<SmtpEvent, { readonly kind: 'authenticationFailed' }>

/**
 * What an edge tells where clients log in: `sessionEvents`, and how each login ended.
 *
 * @param agent names the edge in the log: `msa`, `odmr`
 */
export function loginEvents(agent: string, logger: Logger, counters: LoginCounters) {
  const session = sessionEvents(agent, logger, counters)
  const events = {
    ...session,
    authenticated(connection: ConnectionFacts, { account, mechanism }: Omit<Login, 'kind'>): void {
      counters.authentications.add({ outcome: 'success' })
      logger.info('auth.succeeded', { ...peerOf(connection), account, mechanism })
    },
    /** `login` is what the client called itself, if it came to that. */
    authenticationFailed(
      connection: ConnectionFacts,
      { mechanism, login, reason }: Omit<FailedLogin, 'kind'>,
    ): void {
      counters.authentications.add({ outcome: 'failure' })
      logger.warn('auth.failed', { ...peerOf(connection), mechanism, login, reason })
    },
    /** What of a machine's events is the same on all edges where clients log in. */
    report(event: SmtpEvent, told: ToldSession): void {
      session.report(event, told)
      if (event.kind === 'authenticated') events.authenticated(told.connection, event)
      else if (event.kind === 'authenticationFailed') events.authenticationFailed(told.connection, event)
    },
  }
  return events
}

/** What is told of a message that is ours from now on. */
export function acceptedFields(accepted: Accepted, connection: ConnectionFacts): LogFields {
  const { queueId, envelope, size, origin, messageId, tls } = accepted
  const { reversePath: from, account, client } = envelope
  return {
    qid: queueId,
    ...peerOf(connection),
    ...(account !== undefined && { account }),
    from,
    to: envelope.recipients.map(({ address }) => address),
    size,
    ...(messageId !== undefined && { msgid: messageId }),
    helo: client.helo,
    protocol: client.protocol,
    ...(tls && { tls: tls.version }),
    ...(origin !== undefined && { origin }),
  }
}

/** Who it was, for the log; with the proxy that spoke for him, if one did. */
export function peerOf(connection: ConnectionFacts): {
  readonly sid: string
  readonly peer: string
  readonly proxy?: string
} {
  const { id: sid, remoteAddress: peer, proxy } = connection
  return { sid, peer, ...(proxy && { proxy: proxy.address }) }
}
