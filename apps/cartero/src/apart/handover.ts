import type { NatsBus } from '@cartero/bus/nats'
import type { ContentStore } from '@cartero/content'
import { JetStreamIntake } from '@cartero/spool/jetstream'

import { service, type Ground } from './ground.ts'
import type { Service } from './service.ts'
import { streamHealth } from './stream-health.ts'

export interface HandoverParts {
  readonly bus: { readonly open: NatsBus }
  readonly content: { readonly open: ContentStore }
}

/** How an edge hands mail over: it is safe in the broker, and the spool takes it from there. */
export function handover(ground: Ground, { bus, content }: HandoverParts): Service<JetStreamIntake> {
  const { replicas, monitor } = ground.config.services.nats
  return service(ground, {
    name: 'intake',
    what: 'the stream of mail that is handed over',
    remedy: 'see what the broker says in its log',
    open: async (closing, signal) => {
      const intake = await JetStreamIntake.open({
        bus: bus.open,
        content: content.open,
        replicas,
        signal,
        ...(monitor.length > 0 && { monitor }),
      })
      return closing.adopt(intake, (opened) => opened.close())
    },
    health: ({ trouble, unverified }) => {
      if (trouble !== undefined) return streamHealth(trouble)
      return unverified === undefined
        ? { status: 'ok' }
        : { status: 'degraded', reason: unverified, hint: 'set services.nats.monitor' }
    },
  })
}
