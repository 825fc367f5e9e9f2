// Real brokers that are killed, paused and cut off: nothing that was acknowledged is lost, and nobody waits in vain.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'

import { NATS_LACKS, NatsServers } from '@cartero/testkit'

import { SpoolError, type Intake, type QueueId } from '../src/index.ts'
import { intakeStream } from '../src/jetstream/index.ts'
import { IntakeGround, RecordingInlet, send, until } from './intake-ground.ts'

/** Sends until it is ended, whatever happens to the broker. */
class Load {
  readonly acked = new Set<QueueId>()
  readonly refused: SpoolError[] = []
  readonly #intake: Intake
  readonly #senders: readonly Promise<void>[]
  #isOver = false

  constructor(intake: Intake, senders = 20) {
    this.#intake = intake
    this.#senders = Array.from({ length: senders }, () => this.#send())
  }

  async end(): Promise<void> {
    this.#isOver = true
    await Promise.all(this.#senders)
  }

  async #send(): Promise<void> {
    while (!this.#isOver) {
      try {
        this.acked.add(await send(this.#intake))
      } catch (error) {
        assert.ok(error instanceof SpoolError, String(error))
        assert.equal(error.fault, 'unavailable', error.message)
        this.refused.push(error)
        await sleep(20)
      }
    }
  }
}

function assertAllTaken(load: Load, inlet: RecordingInlet): void {
  const lost = [...load.acked].filter((queueId) => !inlet.taken.has(queueId))
  assert.deepEqual(lost, [], 'acknowledged, and not taken in')
}

describe('faults of the broker under load', { skip: NATS_LACKS }, () => {
  test('kill -9 of the only server loses nothing that was acknowledged', async () => {
    await using broker = await NatsServers.start()
    await using ground = new IntakeGround(broker, 'KILL')
    const inlet = new RecordingInlet()
    const load = new Load(await ground.intake())
    await ground.consume(inlet)
    for (let round = 0; round < 3; round++) {
      const acked = load.acked.size
      await until('mail flows', () => load.acked.size > acked + 200)
      await broker.kill()
      await sleep(100)
      await broker.resume()
    }
    const acked = load.acked.size
    await until('mail flows again', () => load.acked.size > acked + 200)
    await load.end()
    assert.ok(load.refused.length > 0, 'the test has to refuse something')
    await until('everything is there', () => [...load.acked].every((queueId) => inlet.taken.has(queueId)))
    assertAllTaken(load, inlet)
  })

  test('kill -9 of the leader of three: refused for moments, nothing lost, and mail flows without it', async () => {
    await using broker = await NatsServers.start({ nodes: 3 })
    await using ground = new IntakeGround(broker, 'LEADER')
    const inlet = new RecordingInlet()
    const load = new Load(await ground.intake())
    await ground.consume(inlet)
    await until('mail flows', () => load.acked.size > 200)
    const leader = await broker.leaderOf('INTAKE_LEADER')
    await broker.kill(leader)
    const acked = load.acked.size
    await until('mail flows without it', () => load.acked.size > acked + 200)
    await broker.resume(leader)
    await load.end()
    await until('everything is there', () => [...load.acked].every((queueId) => inlet.taken.has(queueId)))
    assertAllTaken(load, inlet)
  })

  test('a leader of three that is cut off: the edge goes to another, nothing is lost, and what it says when it is back is void', async () => {
    await using broker = await NatsServers.start({ nodes: 3 })
    await using ground = new IntakeGround(broker, 'PART')
    const inlet = new RecordingInlet()
    await (await ground.bus()).stream(intakeStream(ground.terms))
    const leader = await broker.leaderOf('INTAKE_PART')
    const load = new Load(await ground.intake(await ground.bus([broker.servers[leader]!, ...broker.servers])))
    await ground.consume(inlet)
    await until('mail flows', () => load.acked.size > 200)
    broker.pause(leader)
    await until('it is noticed', () => load.refused.length > 0)
    const acked = load.acked.size
    await until('mail flows without it', () => load.acked.size > acked + 200)
    broker.continue(leader)
    await load.end()
    await until('everything is there', () => [...load.acked].every((queueId) => inlet.taken.has(queueId)))
    assertAllTaken(load, inlet)
  })

  test('all servers down: refused at once, and taken again when they are back', async () => {
    await using broker = await NatsServers.start({ nodes: 3 })
    await using ground = new IntakeGround(broker, 'DOWN')
    const bus = await ground.bus()
    const intake = await ground.intake(bus)
    const load = new Load(intake)
    await until('mail flows', () => load.acked.size > 50)
    await Promise.all([0, 1, 2].map((node) => broker.kill(node)))
    await until('it is noticed', () => !bus.isConnected)
    assert.throws(
      () =>
        intake.begin({ reversePath: '', recipients: [], client: { address: '', helo: '', protocol: '' } }),
      (error) => error instanceof SpoolError && error.fault === 'unavailable',
    )
    await Promise.all([0, 1, 2].map((node) => broker.resume(node)))
    await broker.ready()
    const acked = load.acked.size
    await until('mail flows again', () => load.acked.size > acked + 50)
    await load.end()
    const inlet = new RecordingInlet()
    await ground.consume(inlet)
    await until('everything is there', () => [...load.acked].every((queueId) => inlet.taken.has(queueId)))
    assertAllTaken(load, inlet)
  })

  test('a server that is cut off: those who wait are told in time, the next at once, and it goes on after', async () => {
    await using broker = await NatsServers.start()
    await using ground = new IntakeGround(broker, 'CUT')
    const bus = await ground.bus()
    const intake = await ground.intake(bus)
    await send(intake)
    broker.pause()
    const waiting = Array.from({ length: 10 }, () => send(intake))
    const results = await Promise.allSettled(waiting)
    assert.ok(results.every(({ status }) => status === 'rejected'))
    let isProbeOver = false
    const probe = send(intake)
      .catch(() => {})
      .finally(() => (isProbeOver = true))
    const others = await Promise.allSettled(Array.from({ length: 10 }, () => send(intake)))
    assert.ok(others.every(({ status }) => status === 'rejected'))
    assert.equal(isProbeOver, false, 'the others do not wait for as long as it does')
    broker.continue()
    await probe
    const load = new Load(intake)
    await until('mail flows again', () => load.acked.size > 50)
    await load.end()
  })

  test('a consumer that dies between taking in and saying so: the spool is told twice, and has it once', async () => {
    await using broker = await NatsServers.start()
    await using ground = new IntakeGround(broker, 'DIES')
    const intake = await ground.intake()
    const [dying, inlet] = [new RecordingInlet(), new RecordingInlet()]
    const first = await ground.consume(dying, { takenIn: () => void first.bus.connection.close() })
    const ids = await Promise.all(Array.from({ length: 20 }, () => send(intake)))
    await until('it has taken something in', () => dying.taken.size > 0)
    await ground.consume(inlet)
    await until('everything is there', () => inlet.taken.size === ids.length)
    assert.ok([...dying.taken.keys()].every((queueId) => inlet.taken.has(queueId)))
    const stream = await (await ground.bus()).stream(intakeStream(ground.terms))
    await until('the stream is empty', async () => (await stream.count()) === 0)
  })
})
