import type { AnyDirectory } from '@cartero/directory'
import { formatReply, replies, type Reply } from '@cartero/smtp'
import { SmtpServerMachine, serveSession, type SmtpServerLimits } from '@cartero/smtp/server'
import { QueueIds } from '@cartero/spool'
import type { ConnectionFacts, NetworkSet, Role } from '@cartero/wire'
import { Listener, type Refusal, type TlsServer } from '@cartero/wire/node'
import { Packer } from '../parcel.ts'
import { DeliverySession, type DeliverySessionOptions } from './session.ts'
import { Unconfirmed } from './unconfirmed.ts'

/** Who may deliver straight into our mailboxes, and where. */
export interface LmtpSettings {
  readonly hostname: string
  readonly listen: readonly { readonly host: string; readonly port: number }[]
  /** Whoever is elsewhere is refused at the greeting. */
  readonly trusted: NetworkSet
  readonly limits?: Partial<SmtpServerLimits>
  readonly maxConnections?: number
}

export interface LmtpDoorParts extends Pick<
  DeliverySessionOptions,
  'mailStore' | 'content' | 'clock' | 'events'
> {
  readonly settings: LmtpSettings
  readonly directory: AnyDirectory
  readonly tls?: TlsServer
}

/** What is said instead of a greeting. */
// RFC 2033 §5
const FAREWELLS: Readonly<Record<Refusal['kind'], (hostname: string) => Reply>> = {
  crowded: replies.tooManyConnections,
  turnedAway: replies.noService,
  noHeader: replies.notAvailable,
}

/** A listener for each address. What they share, they share: a client may come again by another door. */
export function lmtpDoors(parts: LmtpDoorParts): Listener[] {
  const { settings, content, clock } = parts
  const options = {
    ...parts,
    hostname: settings.hostname,
    packer: new Packer(content),
    unconfirmed: new Unconfirmed(clock),
    ids: new QueueIds(clock),
    isTrusted: (address: string) => settings.trusted.has(address),
  }
  return settings.listen.map(
    (address) =>
      new Listener({
        ...address,
        clock,
        tls: parts.tls,
        maxConnections: settings.maxConnections,
        // Whoever is not trusted keeps no connection: it would be one less for those who are.
        turnAway: (address) => (options.isTrusted(address) ? undefined : 'is not trusted'),
        farewell: ({ kind }) => formatReply(FAREWELLS[kind](settings.hostname)),
        accept: (connection) => conversation(connection, options, parts),
        refused: (remoteAddress, reason) => parts.events.refusedByLmtp(remoteAddress, reason),
      }),
  )
}

function conversation(
  connection: ConnectionFacts,
  options: DeliverySessionOptions,
  { settings, tls, events }: LmtpDoorParts,
): Role {
  const session = new DeliverySession(connection, options)
  const machine = new SmtpServerMachine(session, {
    hostname: settings.hostname,
    protocol: 'lmtp',
    startTls: tls !== undefined,
    ...(settings.limits && { limits: settings.limits }),
    observer: (event) => {
      if (event.kind === 'refused') events.refusedByLmtp(connection.remoteAddress, event.reason)
      else if (event.kind === 'bug') events.bug(event.error)
    },
  })
  return { machine, decide: serveSession(session) }
}
