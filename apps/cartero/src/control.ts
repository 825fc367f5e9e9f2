import type { ControlStreams, ControlUploads, ControlVerbs } from '@cartero/agent/admin'
import type { Logger } from '@cartero/agent/telemetry'
import type { ContentStore } from '@cartero/content'
import type { Journal } from '@cartero/journey'
import type { Terminals } from '@cartero/mda-agent/agent'
import type { LocalSubmission } from '@cartero/msa-agent/agent'
import type { CustomerAgent } from '@cartero/odmr-agent/customer'
import type { QueueOffice } from '@cartero/spool'

import { administration, controlVerbs, type AdministrationStores } from './administration.ts'
import type { CarteroConfig } from './config.ts'
import { explainVerbs } from './explain-verbs.ts'
import { changeEvents } from './queue-events.ts'
import { odmrStreams, odmrVerbs } from './odmr-verbs.ts'
import { queueStreams, queueVerbs, type QueueStores } from './queue-verbs.ts'
import { RunningChanges } from './running-changes.ts'
import { submissionUploads } from './submission-verbs.ts'
import { terminalStreams, terminalVerbs } from './terminal-verbs.ts'
import type { OpenWayOut } from './way-out.ts'

/** What the verbs work on, once it is open. */
export interface Controlled {
  readonly config: CarteroConfig
  readonly stores: {
    readonly open: { readonly spool: QueueOffice; readonly content: Pick<ContentStore, 'get'> }
  }
  readonly wayOut: { readonly open: OpenWayOut }
  /** Nobody can look at a terminal where there are none. */
  readonly terminals?: Terminals
  readonly administered: () => AdministrationStores
  readonly local: () => LocalSubmission | undefined
  readonly customer: () => CustomerAgent | undefined
  readonly journal: Pick<Journal, 'find'>
  readonly logger: Logger
}

export interface Control {
  readonly verbs: ControlVerbs
  readonly streams: ControlStreams
  readonly uploads: ControlUploads
}

/** All that the running system can be told, and by `verbs` more. */
export function controlOf(controlled: Controlled, verbs: ControlVerbs): Control {
  const { config, stores, wayOut, terminals, administered, local, customer, journal, logger } = controlled
  const explained = () => ({
    config,
    directory: administered().directory,
    queue: stores.open.spool,
    journal,
    ...wayOut.open,
  })
  const queue = (): QueueStores => ({
    spool: stores.open.spool,
    content: stores.open.content,
    routes: config.routes.map(({ name }) => name),
  })
  const waiting = () => ({ config, directory: administered().directory, spool: stores.open.spool, journal })
  const running = new RunningChanges()
  return {
    verbs: {
      ...controlVerbs(administration(administered)),
      ...controlVerbs(queueVerbs(queue)),
      ...controlVerbs(running.verbs),
      ...explainVerbs(explained),
      ...odmrVerbs(waiting),
      ...(terminals && terminalVerbs(terminals)),
      ...verbs,
    },
    streams: {
      ...odmrStreams(customer),
      ...(terminals && terminalStreams(terminals, () => administered().directory)),
      ...queueStreams(queue, changeEvents(logger.child({ agent: 'queue' })), running),
    },
    uploads: submissionUploads(local),
  }
}
