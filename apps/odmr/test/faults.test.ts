// Customers who leave, keep silent, or say what nobody expects, at every step of a turn.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { DROP, SILENCE, type Script, type Seen } from './customer.ts'
import { OdmrStage } from './odmr-stage.ts'

const OFFERS: readonly (readonly [string, readonly string[]])[] = [
  ['word by word', []],
  ['pipelined', ['PIPELINING']],
  ['in chunks', ['PIPELINING', 'CHUNKING']],
]

const subjects = (letters: Seen['taken']): readonly string[] =>
  letters.map(({ text }) => /^Subject: (\d+)/.exec(text)![1]!)

/** Subjects of the messages that the spool was told are through. */
async function through(stage: OdmrStage): Promise<readonly string[]> {
  const gone = stage.turns.ends.filter(({ results }) => ['passed', 'relayed'].includes(results[0]!.kind))
  const octets = gone.map(({ delivery }) => stage.content.read(delivery.message.content))
  return (await Promise.all(octets)).map((text) => /^Subject: (\d+)/.exec(text.toString())![1]!)
}

/** What another visit brings, some time later. */
async function fetchRest(stage: OdmrStage, offers: readonly string[] = []): Promise<readonly string[]> {
  stage.clock.advance(60_000)
  using next = await stage.customer()
  if ((await next.say('ATRN')).startsWith('453 ')) return []
  return subjects((await next.serve({ offers })).taken)
}

describe('nothing is lost, and nothing comes twice that we were told is there, when a customer leaves', () => {
  for (const [how, offers] of OFFERS)
    for (const [when, script, twice] of [
      ['after the 250', { greeting: DROP }],
      ['in his greeting', { greeting: { part: '220 home.' } }],
      ['at EHLO', { EHLO: DROP }],
      ['in his answer to EHLO', { EHLO: { part: '250-home.test\r\n250 PIPE' } }],
      ['at MAIL', { MAIL: DROP }],
      ['at RCPT', { RCPT: DROP }],
      ['at DATA', { DATA: DROP }],
      ['in the message', { dropInBody: 10 }],
      ['between the dot and the answer', { end: DROP }, 1],
      ['in the answer to the message', { end: { part: '250 2.0.' } }, 1],
      ['between messages', { MAIL: ['250 ok', DROP] }],
      ['at the second message', { end: ['250 ok', DROP] }, 1],
      ['at QUIT', { QUIT: DROP }],
    ] satisfies (readonly [string, Script, number?])[])
      test(`${when}, ${how}`, async () => {
        await using stage = await OdmrStage.open()
        // What is through is looked at later.
        stage.content.unpin = () => {}
        await stage.letters(4)
        using first = await stage.customer()
        const seen = await first.fetch({ ...script, offers })
        await stage.until(() => stage.turns.isIdle)
        const before = await through(stage)
        const rest = await fetchRest(stage, offers)
        assert.deepEqual([...before, ...rest].toSorted(), ['1', '2', '3', '4'])
        const doubled = subjects(seen.received).filter((subject) => rest.includes(subject))
        if (offers.length === 0) assert.equal(doubled.length, twice ?? 0)
      })
})

describe('a customer is not waited for', () => {
  for (const [what, script, seconds] of [
    ['never greets', { greeting: SILENCE }, 120],
    ['never ends his greeting', { greeting: '220-home.test' }, 120],
    ['never answers EHLO', { EHLO: SILENCE }, 300],
    ['never answers MAIL', { MAIL: SILENCE }, 300],
    ['never answers RCPT', { RCPT: SILENCE }, 300],
    ['never answers DATA', { DATA: SILENCE }, 120],
    ['never answers for the message', { end: SILENCE }, 600],
  ] satisfies [string, Script, number][])
    test(`for longer than ${seconds} s when he ${what}, and his mail stays`, async () => {
      await using stage = await OdmrStage.open()
      await stage.letters(2)
      using customer = await stage.customer()
      const serving = customer.fetch(script)
      await stage.still()
      stage.clock.advance((seconds - 2) * 1_000)
      await stage.still()
      assert.equal(stage.turns.isIdle, false)
      stage.clock.advance(4_000)
      await serving
      await stage.until(() => stage.turns.isIdle)
      assert.deepEqual(
        stage.turns.endings.map(({ kind }) => kind),
        ['timedOut'],
      )
      assert.equal((await stage.waiting()).length, 2)
      assert.deepEqual(await fetchRest(stage), ['1', '2'])
    })

  test('when he stops reading in the middle of a message', async () => {
    await using stage = await OdmrStage.open()
    await stage.letter({ text: `Subject: 1\r\n\r\n${'line\r\n'.repeat(4_000_000)}` })
    using customer = await stage.customer()
    const { socket } = customer.line
    assert.match(await customer.say('ATRN'), /^250 /)
    for (const answer of ['220 home.test', '250 home.test', '250 ok', '250 ok']) {
      customer.line.write(`${answer}\r\n`)
      await customer.line.expect(/^.*\r\n/)
    }
    customer.line.write('354 go on\r\n')
    socket.pause()
    await stage.still()
    stage.clock.advance(182_000)
    await stage.until(() => stage.turns.isIdle)
    assert.deepEqual(await stage.waiting(), ['ready'])
  })

  test('for ever when each of his answers takes almost too long: the time of a turn is over some time', async () => {
    await using stage = await OdmrStage.open({ turnDuration: 600_000 })
    const many = Array.from({ length: 20 }, (_, n) => `user${n}@home.test`)
    await stage.letter({ to: many })
    using customer = await stage.customer()
    assert.match(await customer.say('ATRN'), /^250 /)
    customer.line.write('220 home.test\r\n')
    let answers = 0
    for (; answers < 20 && !stage.turns.isIdle; answers++) {
      await stage.still()
      stage.clock.advance(250_000)
      customer.line.write('250 ok\r\n')
    }
    await stage.until(() => stage.turns.isIdle)
    assert.ok(answers <= 6, `${answers} answers`)
    assert.deepEqual(stage.turns.endings, [{ kind: 'stopped', reason: 'its time was over' }])
    assert.deepEqual(await stage.waiting(), ['ready'])
  })
})

describe('a turn', () => {
  test('ends after the message at hand when its time is over, and the rest waits', async () => {
    await using stage = await OdmrStage.open({ turnDuration: 60_000 })
    await stage.letters(5)
    using customer = await stage.customer()
    const { taken, heard } = await customer.fetch({ atEnd: () => stage.clock.advance(60_000) })
    assert.deepEqual([subjects(taken), heard.at(-1)], [['1'], 'QUIT'])
    await stage.until(() => stage.turns.isIdle)
    assert.deepEqual(stage.turns.endings, [{ kind: 'stopped', reason: 'its time was over' }])
    using next = await stage.customer()
    assert.deepEqual(subjects((await next.fetch()).taken), ['2', '3', '4', '5'])
  })

  test('ends after the message at hand when the process leaves, which waits for it', async () => {
    await using stage = await OdmrStage.open()
    await stage.letters(5)
    using customer = await stage.customer()
    let draining: Promise<void> | undefined
    const { taken } = await customer.fetch({
      atEnd: () => void (draining = stage.drain(AbortSignal.timeout(10_000))),
    })
    await draining
    assert.deepEqual(subjects(taken), ['1'])
    assert.deepEqual(stage.turns.endings, [{ kind: 'stopped', reason: 'the server is shutting down' }])
    assert.deepEqual(await stage.waiting(), ['ready', 'ready', 'ready', 'ready'])
  })

  test('is cut when the process leaves and cannot wait', async () => {
    await using stage = await OdmrStage.open()
    await stage.letters(2)
    using customer = await stage.customer()
    const serving = customer.fetch({ end: SILENCE })
    await stage.until(() => customer.seen.heard.includes('DATA'))
    await stage.drain(AbortSignal.abort())
    await serving
    assert.equal(stage.turns.isIdle, true)
    assert.equal((await stage.waiting()).length, 2)
  })

  test('does not begin when the process leaves while it is asked for', async () => {
    await using stage = await OdmrStage.open()
    await stage.letters(1)
    const [isAsked, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    stage.turns.before = () => {
      isAsked.resolve()
      return goOn.promise
    }
    using customer = await stage.customer()
    const answer = customer.say('ATRN')
    await isAsked.promise
    const draining = stage.drain(AbortSignal.timeout(10_000))
    goOn.resolve()
    assert.match(await answer, /^421 /)
    await draining
    assert.equal(stage.turns.isIdle, true)
    assert.deepEqual(await stage.waiting(), ['ready'])
  })

  test('that begins when its customer is gone already is over at once', async () => {
    await using stage = await OdmrStage.open()
    await stage.letters(1)
    const [isAsked, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    stage.turns.before = () => {
      isAsked.resolve()
      return goOn.promise
    }
    using customer = await stage.customer()
    customer.line.write('ATRN\r\n')
    await isAsked.promise
    customer.line.socket.destroy()
    await stage.still()
    goOn.resolve()
    await stage.until(() => stage.turns.endings.length > 0)
    assert.equal(stage.turns.isIdle, true)
    assert.deepEqual(await stage.waiting(), ['ready'])
  })
})

describe('whatever a customer says, his mail is there afterwards, and we are', () => {
  const long = (code: string): string => `${`${code}-word\r\n`.repeat(999)}${code} word`
  for (const [what, script] of [
    ['421 instead of a greeting', { greeting: '421 4.3.2 busy' }],
    ['554 instead of a greeting', { greeting: '554 5.3.2 nobody here' }],
    ['a greeting of a thousand lines', { greeting: long('220') }],
    ['an answer to EHLO of a thousand lines', { EHLO: long('250') }],
    ['an answer to MAIL of a thousand lines', { MAIL: long('450') }],
    ['an answer for the message of a thousand lines', { end: long('450') }],
    ['no SMTP', { greeting: 'SSH-2.0-OpenSSH' }],
    ['an answer to nothing', { greeting: '220 home.test\r\n250 what\r\n250 what' }],
    ['550 to EHLO and HELO', { EHLO: '550 5.7.1 no', HELO: '550 5.7.1 no' }],
    ['354 to MAIL', { MAIL: '354 go on' }],
    ['250 to DATA', { DATA: '250 go on' }],
    ['421 to MAIL', { MAIL: '421 4.3.2 busy' }],
    ['421 for the message', { end: '421 4.3.2 busy' }],
    ['999', { MAIL: '999 what' }],
    ['nothing but octets', { MAIL: '\u00ff\u00fe\u0000' }],
    ['a line without end', { MAIL: { part: `250 ${'x'.repeat(1_000_000)}` } }],
  ] satisfies [string, Script][])
    test(`such as ${what}`, async () => {
      await using stage = await OdmrStage.open()
      stage.content.unpin = () => {}
      await stage.letters(2)
      using customer = await stage.customer()
      await stage.during(customer.fetch(script), 10)
      await stage.until(() => stage.turns.isIdle)
      assert.equal(stage.told('odmr.bug').length, 0)
      assert.deepEqual([...(await through(stage)), ...(await fetchRest(stage))], ['1', '2'])
    })
})
