import type { Component } from '@cartero/agent/lifecycle'
import type { NatsBus } from '@cartero/bus/nats'
import { JourneyConsumer, type JourneyConsumerOptions } from '@cartero/journey/jetstream'

import type { Ground } from './ground.ts'
import { LastingWork } from './lasting-work.ts'
import { Outage } from './outage.ts'

export interface JourneyKeeperParts {
  readonly bus: { readonly open: NatsBus }
  readonly journal: () => JourneyConsumerOptions['journal']
}

/** Keeps what agents tell of messages; what is told while nobody listens waits in the broker. */
export function journeyKeeper(ground: Ground, { bus, journal }: JourneyKeeperParts): Component {
  let consumer: JourneyConsumer | undefined
  const { logger, config } = ground
  const { trouble } = new Outage({ logger, event: 'journey.troubled', over: 'journey.recovered' })
  const keeping = new LastingWork({
    logger,
    event: 'journey.stopped',
    run: (signal) => consumer!.run(signal),
  })
  return {
    name: 'journey keeper',
    start: () => {
      consumer = new JourneyConsumer({
        bus: bus.open,
        journal: journal(),
        replicas: config.services.nats.replicas,
        trouble,
        unreadable: (count) => logger.error('journey.unreadable', { count }),
      })
      keeping.start()
    },
    drain: () => keeping.leave(),
    stop: () => keeping.leave(),
    health: () =>
      keeping.failure === undefined
        ? { status: 'ok' }
        : {
            status: 'degraded',
            reason: `what happens to messages is not written down: ${keeping.failure.message}`,
            hint: 'mend what it says; it is tried again, and the broker keeps the events for some days',
          },
  }
}
