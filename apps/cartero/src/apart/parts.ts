import type { ControlStreams, ControlUploads, ControlVerbs } from '@cartero/agent/admin'
import type { ListenAddress } from '@cartero/agent/config'
import type { Component, HealthReport } from '@cartero/agent/lifecycle'
import type { Offer } from '@cartero/bus/grpc'
import type { NatsBus } from '@cartero/bus/nats'

import type { SystemStatus } from '../status.ts'
import type { TlsIdentity } from '../tls-identity.ts'
import type { Ground } from './ground.ts'
import type { LateJournal } from './late-journal.ts'
import type { Service } from './service.ts'

/** What an agent is made of, beside what all have. */
export interface Parts {
  /** In the order of their start, behind the broker. */
  readonly components: readonly Component[]
  /** What others may ask of it; asked for when all has started. */
  readonly offers?: () => readonly Offer[]
  /** What its own control socket knows beside `status`. */
  readonly verbs?: ControlVerbs
  readonly streams?: ControlStreams
  readonly uploads?: ControlUploads
  /** What it has to add to its status. */
  readonly about?: () => Promise<Partial<SystemStatus>>
  /** Addresses that it listens on, beside those of all agents. */
  readonly doors: readonly ListenAddress[]
  /** Whose files are read again at SIGHUP. */
  readonly identity?: TlsIdentity
}

/** What all agents have, and some of them use. */
export interface Common {
  readonly bus: Service<NatsBus>
  /** What happens to messages, as far as it is told here. */
  readonly journal: LateJournal
  /** What an operator does about a door that is taken. */
  readonly doorRemedy: string
  readonly health: () => Promise<HealthReport>
}

/** Makes one agent of what is there for all. */
export type Recipe = (ground: Ground, common: Common) => Parts
