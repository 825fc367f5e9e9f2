import type { Component } from '@cartero/agent/lifecycle'
import type { NatsBus } from '@cartero/bus/nats'
import { JourneyConsumer, type JourneyConsumerOptions } from '@cartero/journey/jetstream'

import type { Ground } from './ground.ts'
import { Outage } from './outage.ts'

export interface JourneyKeeperParts {
  readonly bus: { readonly open: NatsBus }
  readonly journal: () => JourneyConsumerOptions['journal']
}

/** Keeps what agents tell of messages; what is told while nobody listens waits in the broker. */
export function journeyKeeper(ground: Ground, { bus, journal }: JourneyKeeperParts): Component {
  const leaving = new AbortController()
  let keeping: Promise<void> = Promise.resolve()
  const leave = async (): Promise<void> => {
    leaving.abort()
    await keeping
  }
  return {
    name: 'journey keeper',
    start: () => {
      const { replicas } = ground.config.services.nats
      const { logger } = ground
      const { trouble } = new Outage({ logger, event: 'journey.troubled', over: 'journey.recovered' })
      const consumer = new JourneyConsumer({
        bus: bus.open,
        journal: journal(),
        replicas,
        trouble,
        unreadable: (count) => ground.logger.error('journey.unreadable', { count }),
      })
      keeping = consumer.run(leaving.signal).catch((error: unknown) => {
        if (!leaving.signal.aborted) ground.logger.error('journey.stopped', { err: error })
      })
    },
    drain: leave,
    stop: leave,
  }
}
