import type { Component } from '@cartero/agent/lifecycle'
import { counter } from '@cartero/agent/telemetry'
import type { NatsBus } from '@cartero/bus/nats'
import { IntakeConsumer, type IntakeConsumerOptions } from '@cartero/spool/jetstream'

import type { Ground } from './ground.ts'
import { LastingWork } from './lasting-work.ts'
import { Outage } from './outage.ts'
import { streamHealth } from './stream-health.ts'

const METRICS = {
  taken: counter({
    name: 'cartero_mta_messages_taken_in_total',
    doc: 'Messages that edges have handed over and that are in the spool now',
  }),
  troubles: counter({
    name: 'cartero_mta_intake_troubles_total',
    doc: 'Times that the spool did not take what was handed over; it is brought again',
  }),
  aside: counter({
    name: 'cartero_mta_intake_unreadable_total',
    doc: 'Messages that edges have handed over and that nobody could read; they are kept in the stream INTAKE_ASIDE',
  }),
}

export interface IntakeConsumerParts {
  readonly bus: { readonly open: NatsBus }
  readonly inlet: () => IntakeConsumerOptions['inlet']
}

/** Takes in what edges have handed over; what is at hand when it has to leave is taken in first. */
export function intakeConsumer(ground: Ground, { bus, inlet }: IntakeConsumerParts): Component {
  let consumer: IntakeConsumer | undefined
  const taking = new LastingWork({
    logger: ground.logger,
    event: 'intake.stopped',
    run: (signal) => consumer!.run(signal),
  })
  return {
    name: 'intake',
    start: () => {
      consumer = consumerOf(ground, { bus: bus.open, inlet: inlet() })
      taking.start()
    },
    drain: () => taking.leave(),
    stop: () => taking.leave(),
    health: () => {
      if (consumer?.trouble !== undefined) return streamHealth(consumer.trouble)
      const { failure } = taking
      if (failure === undefined) return { status: 'ok' }
      return {
        status: 'failing',
        reason: `mail that is handed over is not taken in: ${failure.message}`,
        hint: 'mend what it says; it is tried again, and nothing is lost',
      }
    },
  }
}

function consumerOf(
  { config, logger, metrics }: Ground,
  { bus, inlet }: { readonly bus: NatsBus; readonly inlet: IntakeConsumerOptions['inlet'] },
): IntakeConsumer {
  const counted = metrics.register(METRICS)
  const outage = new Outage({ logger, event: 'intake.troubled', over: 'intake.recovered' })
  const { replicas, monitor } = config.services.nats
  return new IntakeConsumer({
    bus,
    inlet,
    replicas,
    ...(monitor.length > 0 && { monitor }),
    events: {
      unverified: (words) => logger.warn('intake.unverified', { reason: words }),
      takenIn: (messages) => counted.taken.add({}, messages.length),
      troubled: (error) => {
        counted.troubles.add({})
        outage.trouble(error)
      },
      setAside: (error) => {
        counted.aside.add({})
        logger.error('intake.unreadable', { err: error })
      },
    },
  })
}
