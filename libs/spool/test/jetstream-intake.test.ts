// A real broker: what an edge promises is what the spool takes in, once.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'

import { BrokerError, NatsBus } from '@cartero/bus/nats'
import { MemoryContentLog } from '@cartero/content/memory'
import { NATS_LACKS, NatsServers } from '@cartero/testkit'
import { ManualClock } from '@cartero/wire'

import { SpoolError } from '../src/index.ts'
import {
  handoverSubject,
  INTAKE_LIMITS,
  intakeStream,
  JetStreamIntake,
  TAKE_IN_LIMITS,
} from '../src/jetstream/index.ts'
import { ENVELOPE, IntakeGround, RecordingInlet, send, until } from './intake-ground.ts'

describe('intake over JetStream', { skip: NATS_LACKS }, () => {
  let broker: NatsServers
  before(async () => {
    broker = await NatsServers.start()
  })
  after(() => broker?.[Symbol.asyncDispose]())

  test('everything that was promised of a message arrives with it', async () => {
    await using ground = new IntakeGround(broker, 'ALL')
    const [intake, inlet] = [await ground.intake(), new RecordingInlet()]
    await ground.consume(inlet)
    const draft = intake.begin({
      ...ENVELOPE,
      priority: -3,
      deliverBy: { at: 5, mode: 'return', trace: true },
    })
    await draft.write(Buffer.from('Subject: '))
    await draft.write(Buffer.from('hi\r\n\r\n\xff\0', 'latin1'))
    const index = {
      version: 1 as const,
      size: 10,
      lines: 2,
      headerLength: 13,
      envelope: {},
      root: {} as never,
    }
    const queueId = await draft.commit(Buffer.from('Received: x\r\n'), { body: '8BITMIME', hops: 2 }, index)
    await until('it is there', () => inlet.taken.has(queueId))
    const { acceptedAt, ...message } = inlet.taken.get(queueId)!
    assert.ok(Math.abs(acceptedAt - Date.now()) < 60_000)
    assert.deepEqual(message, {
      queueId,
      envelope: {
        ...ENVELOPE,
        priority: -3,
        deliverBy: { at: 5, mode: 'return', trace: true },
        body: '8BITMIME',
        hops: 2,
      },
      prefix: Buffer.from('Received: x\r\n'),
      content: { kind: 'inline', octets: Buffer.from('Subject: hi\r\n\r\n\xff\0', 'latin1') },
      index,
    })
  })

  test('contents that only a handover refers to are not reclaimed, however long the spool is away', async () => {
    await using ground = new IntakeGround(broker, 'WAITING')
    const clock = new ManualClock(Date.now())
    const intake = await JetStreamIntake.open({
      ...ground.terms,
      bus: await ground.bus(),
      content: ground.content,
      clock,
    })
    await intake.checkTakenIn()
    await send(intake)
    await intake.checkTakenIn()
    clock.advance(INTAKE_LIMITS.untaken + 3_600_000)
    await assert.rejects(intake.checkTakenIn(), /handed over 1[23] hours ago is not in the spool yet/)
    await ground.consume(new RecordingInlet())
    const isEmpty = (): Promise<boolean> =>
      intake.checkTakenIn().then(
        () => true,
        () => false,
      )
    for (let isDone = await isEmpty(); !isDone;) isDone = await isEmpty()
  })

  test('a content that is not small is in the content store, and is referred to', async () => {
    await using ground = new IntakeGround(broker, 'LARGE')
    const [intake, inlet] = [await ground.intake(), new RecordingInlet()]
    await ground.consume(inlet)
    const draft = intake.begin(ENVELOPE)
    const piece = Buffer.alloc(100_000, 'large ')
    for (let n = 0; n < 5; n++) await draft.write(Buffer.from(piece))
    assert.equal(intake.held, 0, 'what goes to the store is not held')
    const queueId = await draft.commit(Buffer.alloc(0))
    await until('it is there', () => inlet.taken.has(queueId))
    const { content } = inlet.taken.get(queueId)!
    assert.ok(content.kind === 'stored')
    assert.equal(content.size, 500_000)
    assert.deepEqual(await ground.content.read(content.id), Buffer.concat(Array(5).fill(piece)))
  })

  test('an envelope of many recipients leaves room by sending its content to the store', async () => {
    await using ground = new IntakeGround(broker, 'MANY')
    const [intake, inlet] = [await ground.intake(), new RecordingInlet()]
    await ground.consume(inlet)
    const local = 'x'.repeat(240)
    const recipients = Array.from({ length: 3_200 }, (_, n) => ({ address: `${local}${n}@example.org` }))
    const draft = intake.begin({ ...ENVELOPE, recipients })
    await draft.write(Buffer.alloc(INTAKE_LIMITS.inline, 'x'))
    const queueId = await draft.commit(Buffer.alloc(0))
    await until('it is there', () => inlet.taken.has(queueId))
    assert.equal(inlet.taken.get(queueId)!.content.kind, 'stored')
    assert.equal(inlet.taken.get(queueId)!.envelope.recipients.length, 3_200)
    const tooMany = intake.begin({ ...ENVELOPE, recipients: [...recipients, ...recipients] })
    await assert.rejects(tooMany.commit(Buffer.alloc(0)), isFault('full', /envelope of \d+ octets/))
  })

  test('many small drafts at once do not fill the memory: what is too much goes to the store', async () => {
    await using ground = new IntakeGround(broker, 'HELD')
    const [intake, inlet] = [await ground.intake(undefined, { mostHeld: 1_000 }), new RecordingInlet()]
    await ground.consume(inlet)
    const drafts = Array.from({ length: 5 }, () => intake.begin(ENVELOPE))
    for (const draft of drafts) await draft.write(Buffer.alloc(300, 'x'))
    assert.equal(intake.held, 900)
    drafts[0]!.abort()
    assert.equal(intake.held, 600)
    await Promise.all(drafts.slice(1).map((draft) => draft.commit(Buffer.alloc(0))))
    assert.equal(intake.held, 0)
    await until('all are there', () => inlet.taken.size === 4)
    assert.deepEqual([...inlet.taken.values()].map(({ content }) => content.kind).toSorted(), [
      'inline',
      'inline',
      'stored',
      'stored',
    ])
  })

  test('what is aborted is nowhere', async () => {
    await using ground = new IntakeGround(broker, 'ABORT')
    const [intake, inlet] = [await ground.intake(), new RecordingInlet()]
    const draft = intake.begin(ENVELOPE)
    await draft.write(Buffer.from('never'))
    draft.abort()
    await ground.consume(inlet)
    const queueId = await send(intake)
    await until('the next one is there', () => inlet.taken.has(queueId))
    assert.equal(inlet.taken.size, 1)
  })

  test('those that come while the broker is busy go together, and each is taken in once', async () => {
    await using ground = new IntakeGround(broker, 'TOGETHER')
    const [intake, inlet] = [await ground.intake(), new RecordingInlet()]
    const ids = await Promise.all(Array.from({ length: 1_000 }, (_, n) => send(intake, `${n}`)))
    const stream = await (await ground.bus()).stream(intakeStream(ground.terms))
    assert.ok((await stream.count()) < 200, 'a thousand messages are few handovers')
    let largest = 0
    inlet.before = (batch) => {
      largest = Math.max(largest, batch.length)
    }
    await ground.consume(inlet)
    await until('all are there', () => inlet.taken.size === 1_000)
    assert.ok(largest <= TAKE_IN_LIMITS.together)
    assert.deepEqual([...inlet.taken.keys()].toSorted(), ids.toSorted())
    assert.ok([...inlet.told.values()].every((times) => times === 1))
    await until('the stream is empty', async () => (await stream.count()) === 0)
  })

  test('a stream that is full is the 452 of the edge, and takes again when there is room', async () => {
    await using ground = new IntakeGround(broker, 'FULL', 600_000)
    const [intake, inlet] = [await ground.intake(), new RecordingInlet()]
    const large = Buffer.alloc(200_000, 'x')
    await send(intake, large)
    await send(intake, large)
    await assert.rejects(send(intake, large), isFault('full', /maximum bytes/))
    await ground.consume(inlet)
    const stream = await (await ground.bus()).stream(intakeStream(ground.terms))
    await until('there is room', async () => (await stream.count()) === 0)
    await send(intake, large)
  })

  test('what nobody can read is set aside, kept, told, and stands in nobody’s way', async () => {
    await using ground = new IntakeGround(broker, 'HOSTILE')
    const [intake, inlet] = [await ground.intake(), new RecordingInlet()]
    const bus = await ground.bus()
    const stream = await bus.stream(intakeStream(ground.terms))
    const subject = handoverSubject('HOSTILE')
    for (const body of ['', '\xff\xff\xff\xff', '\x0a\x02\x0a\x00', 'a'.repeat(5_000)])
      await stream.publish({ subject, body: Buffer.from(body, 'latin1') })
    const queueId = await send(intake)
    const { setAside, troubled } = await ground.consume(inlet)
    await until('the good one is there', () => inlet.taken.has(queueId))
    await until('the stream is empty', async () => (await stream.count()) === 0)
    assert.equal(setAside.length, 4)
    assert.deepEqual(troubled, [])
    const state = await (await bus.connection.jetstreamManager()).streams.info('INTAKE_ASIDE_HOSTILE')
    assert.equal(state.state.messages, 4)
  })

  test('a spool that cannot take in loses nothing, is told of, and gets it again', async () => {
    await using ground = new IntakeGround(broker, 'DOWN')
    const [intake, inlet] = [await ground.intake(), new RecordingInlet()]
    let failures = 2
    inlet.before = () => {
      if (failures-- > 0) throw new SpoolError('unavailable', 'the database is away')
    }
    const { troubled } = await ground.consume(inlet)
    const queueId = await send(intake)
    await until('it is there', () => inlet.taken.has(queueId))
    assert.equal(inlet.told.get(queueId), 3)
    assert.deepEqual(
      troubled.map((error) => (error as Error).message),
      Array(2).fill('the database is away'),
    )
  })

  test('a message that the spool never takes keeps no other from it, and is not thrown away', async () => {
    await using ground = new IntakeGround(broker, 'POISON')
    const [intake, inlet] = [await ground.intake(), new RecordingInlet()]
    const poison = await send(intake, 'poison')
    inlet.before = (batch) => {
      if (batch.some(({ queueId }) => queueId === poison)) throw new Error('nobody foresaw this')
    }
    const good = await Promise.all(Array.from({ length: 20 }, () => send(intake)))
    await ground.consume(inlet)
    await until('the others are there', () => good.every((queueId) => inlet.taken.has(queueId)))
    const stream = await (await ground.bus()).stream(intakeStream(ground.terms))
    assert.ok((await stream.count()) >= 1, 'the poison waits')
    inlet.before = () => {}
    await until('it is taken in once it can be', () => inlet.taken.has(poison))
  })

  test('a consumer that ends finishes what it has begun, and another gets the rest', async () => {
    await using ground = new IntakeGround(broker, 'SCALE')
    const [intake, first, second] = [await ground.intake(), new RecordingInlet(), new RecordingInlet()]
    const held = Promise.withResolvers<void>()
    const begun = Promise.withResolvers<void>()
    first.before = () => {
      begun.resolve()
      return held.promise
    }
    const running = await ground.consume(first)
    const early = await send(intake)
    await begun.promise
    const late = await Promise.all(Array.from({ length: 50 }, () => send(intake)))
    const stopped = running.stop()
    held.resolve()
    await stopped
    assert.deepEqual([...first.taken.keys()], [early])
    await ground.consume(second)
    await until('the others are there', () => second.taken.size === late.length)
    assert.ok(!second.taken.has(early))
  })

  test('one queue id that is handed over twice is in the stream once', async () => {
    await using ground = new IntakeGround(broker, 'TWICE')
    const stream = await (await ground.bus()).stream(intakeStream(ground.terms))
    const publication = { subject: handoverSubject('TWICE'), id: '0'.repeat(16), body: Buffer.from('x') }
    await stream.publish(publication)
    await stream.publish(publication)
    assert.equal(await stream.count(), 1)
  })

  test('a stream that is configured otherwise is refused with what differs, and what to do', async () => {
    await using ground = new IntakeGround(broker, 'OTHER')
    const bus = await ground.bus()
    await bus.stream({ ...intakeStream({ ...ground.terms, maxOctets: 1_000_000 }), duplicateWindow: 1_000 })
    await assert.rejects(ground.intake(bus), (error) => {
      assert.ok(error instanceof BrokerError)
      assert.equal(error.fault, 'misconfigured')
      assert.match(
        error.message,
        /INTAKE_OTHER .*max_bytes is 1000000 instead of 67108864, duplicate_window is/,
      )
      assert.match(error.remedy, /nats stream edit INTAKE_OTHER/)
      return true
    })
  })
})

describe('a broker that would lose mail', { skip: NATS_LACKS }, () => {
  test('does not sync before it acknowledges: refused, and without a monitoring port said to be unverified', async () => {
    await using broker = await NatsServers.start({ jetStream: 'sync_interval: 2m' })
    const bus = await NatsBus.open({ servers: broker.servers, name: 'test' })
    const content = new MemoryContentLog()
    const terms = { bus, content, replicas: 1, maxOctets: 1_000_000 }
    await assert.rejects(JetStreamIntake.open({ ...terms, monitor: broker.monitors }), (error) => {
      assert.ok(error instanceof BrokerError)
      assert.match(error.message, /a power cut would lose mail/)
      assert.match(error.remedy, /sync_interval: always/)
      return true
    })
    const intake = await JetStreamIntake.open(terms)
    assert.match(intake.unverified ?? '', /not verified/)
    await bus.close()
  })
})

function isFault(fault: SpoolError['fault'], words: RegExp): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof SpoolError, String(error))
    assert.equal(error.fault, fault)
    assert.match(error.message, words)
    return true
  }
}
