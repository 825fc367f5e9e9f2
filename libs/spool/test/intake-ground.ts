import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'

import { NatsBus } from '@cartero/bus/nats'
import { MemoryContentLog } from '@cartero/content/memory'
import type { NatsServers } from '@cartero/testkit'

import type { HandedOver, SpoolInlet } from '../src/handover/ports.ts'
import type { Envelope, Intake, QueueId } from '../src/index.ts'
import {
  IntakeConsumer,
  JetStreamIntake,
  type IntakeConsumerEvents,
  type IntakeStreamOptions,
} from '../src/jetstream/index.ts'

export const ENVELOPE: Envelope = {
  reversePath: 'alice@example.org',
  recipients: [{ address: 'bob@example.org', notify: ['failure'] }],
  client: { address: '192.0.2.1', helo: 'client.example', protocol: 'ESMTP' },
}

/** Remembers what it took in, and how often it was told. */
export class RecordingInlet implements SpoolInlet {
  readonly taken = new Map<QueueId, HandedOver>()
  readonly told = new Map<QueueId, number>()
  /** Called before anything is taken; what it throws is what the store says. */
  before: (batch: readonly HandedOver[]) => void | Promise<void> = () => {}

  async takeIn(batch: readonly HandedOver[]): Promise<void> {
    for (const { queueId } of batch) this.told.set(queueId, (this.told.get(queueId) ?? 0) + 1)
    await this.before(batch)
    for (const message of batch) this.taken.set(message.queueId, message)
  }
}

export interface Troubles {
  readonly troubled: unknown[]
  readonly setAside: unknown[]
}

export interface RunningConsumer extends Troubles {
  readonly bus: NatsBus
  /** Fulfilled when it has ended. */
  stop(): Promise<void>
}

/** Closes what it opened when the test is done with it. */
export class IntakeGround implements AsyncDisposable {
  readonly broker: NatsServers
  readonly content = new MemoryContentLog()
  readonly #shard: string
  readonly #maxOctets: number
  readonly #closing: (() => Promise<void>)[] = []

  /** @param shard a stream of its own, so that tests share a broker */
  constructor(broker: NatsServers, shard: string, maxOctets: number = 64 * 1024 * 1024) {
    this.broker = broker
    this.#shard = shard
    this.#maxOctets = maxOctets
  }

  /** What the streams of this test are like. */
  get terms(): IntakeStreamOptions & { readonly monitor: readonly string[] } {
    return {
      replicas: this.broker.servers.length,
      shard: this.#shard,
      maxOctets: this.#maxOctets,
      monitor: this.broker.monitors,
    }
  }

  async bus(servers: readonly string[] = this.broker.servers): Promise<NatsBus> {
    const bus = await NatsBus.open({ servers, name: this.#shard })
    this.#closing.push(() => bus.close())
    return bus
  }

  async intake(bus?: NatsBus, options: { mostHeld?: number } = {}): Promise<JetStreamIntake> {
    const intake = await JetStreamIntake.open({
      ...this.terms,
      bus: bus ?? (await this.bus()),
      content: this.content,
      ...options,
    })
    this.#closing.push(() => intake.close())
    return intake
  }

  async consume(inlet: SpoolInlet, events: Partial<IntakeConsumerEvents> = {}): Promise<RunningConsumer> {
    const bus = await this.bus()
    const ended = new AbortController()
    const [troubled, setAside]: [unknown[], unknown[]] = [[], []]
    const told = { troubled: (e: unknown) => troubled.push(e), setAside: (e: unknown) => setAside.push(e) }
    const consumer = new IntakeConsumer({
      ...this.terms,
      bus,
      inlet,
      acknowledgeWithin: 2_000,
      events: { ...told, ...events },
    })
    const running = consumer.run(ended.signal)
    running.catch(() => {})
    const stop = async (): Promise<void> => {
      ended.abort()
      await running
    }
    this.#closing.push(stop)
    return { bus, troubled, setAside, stop }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const close of this.#closing.toReversed()) await close()
    await this.content.close()
  }
}

export async function send(
  intake: Intake,
  text: string | Buffer = 'Subject: hi\r\n\r\nhello\r\n',
): Promise<QueueId> {
  const draft = intake.begin(ENVELOPE)
  await draft.write(Buffer.from(text))
  return draft.commit(Buffer.from('Received: here\r\n'))
}

export async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  for (let patience = 0; patience < 3_000; patience++) {
    if (await condition()) return
    await sleep(10)
  }
  assert.fail(`waited in vain until ${what}`)
}
