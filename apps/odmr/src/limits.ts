import type { ClientPatience } from '@cartero/smtp/client'
import type { SmtpServerLimits } from '@cartero/smtp/server'

/** What is borne with at these doors, beyond what an SMTP server bears with. */
export const ODMR_LIMITS = {
  /** Connections at a time, of each door. A customer needs one, for the seconds of a visit. */
  connections: 1_000,
  /** Connections from one address: offices behind one NAT, and connections that broke without anybody having said so. */
  connectionsPerAddress: 20,
  /**
   * Requests to turn in one session. One is the rule; who is told that another connection has his mail may ask again for a
   * while. Each costs a question to the directory and one to the spool.
   */
  requests: 10,
  /** Milliseconds in which a turn has to begin, or it is 451. The spool answers in some; customers wait ten minutes. */
  // RFC 2645 §5.2.1
  beginning: 30_000,
  /** Milliseconds for the message at hand when the time of a turn is over: as long as a host may take to answer for it. */
  // RFC 5321 §4.5.3.2.6
  finishing: 600_000,
  /** Milliseconds that a process that is leaving waits for the spool to note how turns ended whose connections it has cut. */
  parting: 5_000,
} as const

/** Before the connection is turned around: what is said there is short. */
export const DOOR_LIMITS: Partial<SmtpServerLimits> = {
  // Everything that is said before a turn counts: TLS, a login and all the requests that may be made are fewer.
  junk: 20,
  // Time for all the requests that may be made, and to fetch a token. The turn itself is not counted.
  connectionDuration: 900_000,
}

/** For the rest a customer has as much time as any host. */
export const CUSTOMER_PATIENCE: Partial<ClientPatience> = {
  // It has asked to be called: its server is at hand, and may look us up before it greets (RFC 5321 §4.5.3.2.1 has five minutes).
  greeting: 120_000,
}
