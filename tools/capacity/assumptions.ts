/** What a system is for: people and their mail. Sizes in octets, times in seconds. */
export interface Population {
  readonly mailboxes: number
  /** Messages that a mailbox gets in a day, and sends. */
  readonly received: number
  readonly sent: number
  /** The busiest moment over the mean of the day. */
  readonly peak: number
  /** Of all messages, in octets. */
  readonly meanSize: number
  /** Part of the messages that are small enough to travel with their envelope, and their mean size. */
  readonly smallPart: number
  readonly smallSize: number
  /** Days that a message is kept, as the mean over those that are deleted soon and those that never are. */
  readonly keptDays: number
  /** Part of the mailboxes with an open IMAP session at the busiest moment. */
  readonly connected: number
}

/** What one unit of each kind was seen to do, or is believed to do where `source` says so. */
export interface Unit {
  readonly rate: number
  readonly source: string
}

/** What each hop can do, in messages a second of one unit. */
export interface Capacities {
  /** One process at the MX or submission door, one core. */
  readonly edge: Unit
  /** One stream of three replicas, each with a disk of its own. */
  readonly intakeStream: Unit
  /** One process that takes in, routes and carries, one core. */
  readonly mta: Unit
  /** One Postgres with a shard of the spool. */
  readonly spoolShard: Unit
  /** One process that appends to mailboxes, one core. */
  readonly mda: Unit
  /** One Postgres with a shard of the mailboxes. */
  readonly mailstoreShard: Unit
  /** Objects a second that are written to the content store. */
  readonly packs: Unit
}

/** What a thing takes. Octets, but for counts. */
export interface Costs {
  /** Of a row of the mailstore: prefix, structure, indexes. */
  readonly messageRow: number
  /** Of a message that waits in the spool. */
  readonly spoolRow: number
  /** Of an account with its credentials and addresses. */
  readonly account: number
  /** Of an idle IMAP session over TLS. */
  readonly session: number
  /** Sessions that one IMAP process is trusted with: what a restart of it costs others. */
  readonly sessionsPerProcess: number
  /** What one Postgres is trusted with: what can be restored within hours. */
  readonly shardOctets: number
  readonly packOctets: number
  /** Connections to a Postgres from one process, and what it serves well. */
  readonly connectionsPerProcess: number
  readonly connectionsPerShard: number
  /** News that one process hears in a second without noticing it. */
  readonly newsPerProcess: number
  readonly newsShards: number
  /** A part of each unit that is kept free, for a neighbour that fails and for the hour after. */
  readonly reserve: number
}
