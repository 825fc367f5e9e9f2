import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CustomerStage } from './customer-stage.ts'
import { giving, LETTER, ScriptedProvider } from './scripted-provider.ts'

/** The other side has heard what was said to it. */
const TURN_OF_THE_LOOP = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('a drain takes the message at hand, says goodbye and begins no visit more', async () => {
  const [inMessage, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const replies: string[] = []
  await using edge = await ScriptedProvider.start(async (talk) => {
    await talk.turn()
    await talk.ask('MAIL FROM:<bob@elsewhere.test>')
    await talk.ask('RCPT TO:<alice@home.test>')
    await talk.ask('DATA')
    talk.write('Subject: half')
    inMessage.resolve()
    await goOn.promise
    talk.say('', '', 'and the rest', '.')
    replies.push(await talk.reply(), await talk.reply())
  }, giving(1))
  await using stage = await CustomerStage.open([{ port: edge.port, every: 60_000 }])
  await stage.agent.start!(AbortSignal.timeout(10_000))
  await inMessage.promise
  await TURN_OF_THE_LOOP()
  const drained = stage.agent.drain!(AbortSignal.timeout(20_000))
  goOn.resolve()
  await drained
  assert.match(replies[0]!, /^250 /)
  assert.match(replies[1]!, /^421 /)
  const { event, level, outcome, messages, next } = stage.reports[0]!
  assert.deepEqual(
    [event, level, outcome, messages, next],
    ['odmr.fetch.ended', 'info', 'left', 1, undefined],
  )
  const late = await stage.fetch()
  assert.deepEqual([late.kind, late.reason], ['failed', 'this server is shutting down'])
  stage.ground.clock.advance(86_400_000)
  assert.equal(stage.begun, 1)
})

test('a drain does not wait for a provider that has not turned the connection', async () => {
  const asked = Promise.withResolvers<void>()
  await using edge = await ScriptedProvider.start(async (talk) => {
    await talk.open()
    asked.resolve()
    await talk.gone()
  })
  await using stage = await CustomerStage.open([{ port: edge.port }])
  const fetching = stage.fetch()
  await asked.promise
  await stage.agent.drain!(AbortSignal.timeout(20_000))
  assert.deepEqual((await fetching).kind, 'failed')
  assert.equal(stage.reports[0]!['outcome'], 'left')
})

test('a drain whose time is over cuts the message at hand, which the provider keeps', async () => {
  const inMessage = Promise.withResolvers<void>()
  await using edge = await ScriptedProvider.start(async (talk) => {
    await talk.turn()
    await talk.give()
    await talk.ask('MAIL FROM:<bob@elsewhere.test>')
    await talk.ask('RCPT TO:<alice@home.test>')
    await talk.ask('DATA')
    talk.write('Subject: half')
    inMessage.resolve()
    await talk.gone()
  })
  await using stage = await CustomerStage.open([{ port: edge.port }])
  const fetching = stage.fetch()
  await inMessage.promise
  await TURN_OF_THE_LOOP()
  const hurry = new AbortController()
  const drained = stage.agent.drain!(hurry.signal)
  assert.equal(stage.reports.length, 0)
  hurry.abort()
  await drained
  const { kind, messages, octets } = await fetching
  assert.deepEqual([kind, messages, octets], ['failed', 1, Buffer.byteLength(LETTER)])
  assert.equal(stage.reports[0]!['outcome'], 'left')
})

test('a stop without a drain leaves nothing open', async () => {
  const connected = Promise.withResolvers<void>()
  await using edge = await ScriptedProvider.start(async (talk) => {
    connected.resolve()
    await talk.gone()
  })
  await using stage = await CustomerStage.open([{ port: edge.port, every: 60_000 }])
  await stage.agent.start!(AbortSignal.timeout(10_000))
  await connected.promise
  await stage.agent.stop!()
  assert.equal(stage.reports[0]!['outcome'], 'left')
})
