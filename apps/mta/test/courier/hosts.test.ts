import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ManualClock } from '@cartero/wire'
import { HOST_LIMITS, HostMemory } from '../../src/relay/courier/host-memory.ts'
import { VISITS_LIMIT } from '../../src/relay/courier/round.ts'
import { CourierStage, host, withTime } from './courier-stage.ts'
import { DROP, ScriptedServer } from './scripted-server.ts'

const TROUBLE = { kind: 'deferred', status: '4.4.1', reason: 'no answer' } as const

describe('hosts', () => {
  it('that failed are left alone, for longer each time, and called again when that is over', async () => {
    await using server = await ScriptedServer.start({ greeting: '421 4.3.2 busy' })
    const stage = new CourierStage([server])
    const feed = stage.feed([await stage.letter()])
    for (const [sessions, rest] of [
      [1, 30_000],
      [2, 60_000],
      [3, 120_000],
    ] as const) {
      const ending = await stage.run(feed)
      assert.equal(
        ending.kind === 'unreachable' && ending.trouble.reason,
        'mx1.test said to the connection: 421 4.3.2 busy',
      )
      assert.equal(stage.events.pop(), `resting ${rest}`)
      assert.equal(server.sessions, sessions)
      stage.clock.advance(rest - 1)
      const left = await stage.run(feed)
      assert.ok(left.kind === 'unreachable' && left.trouble.kind === 'deferred')
      assert.equal(left.trouble.status, '4.4.1')
      assert.match(left.trouble.reason, /^not called again so soon; mx1\.test said/)
      assert.equal(server.sessions, sessions)
      stage.clock.advance(1)
    }
  })

  it('that failed are called nevertheless when somebody urges', async () => {
    await using server = await ScriptedServer.start({ greeting: ['421 4.3.2 busy', '220 here I am'] })
    const stage = new CourierStage([server])
    await stage.run(stage.feed([await stage.letter()]))
    const urged = stage.feed([await stage.letter()], { isUrged: true })
    assert.equal((await stage.run(urged)).kind, 'served')
    const usual = stage.feed([await stage.letter()])
    assert.equal((await stage.run(usual)).kind, 'served')
  })

  it('that take mail again have never failed', () => {
    const clock = new ManualClock()
    const memory = new HostMemory(clock)
    for (const expected of [30_000, 60_000]) {
      assert.equal(memory.failed('mx.test:25', TROUBLE), expected)
      clock.advance(expected)
    }
    memory.succeeded('mx.test:25')
    assert.equal(memory.failed('mx.test:25', TROUBLE), 30_000)
    assert.equal(memory.resting('mx.test:25'), TROUBLE)
  })

  it('are never left alone for longer than there is patience, nor remembered without bound', () => {
    const clock = new ManualClock()
    const memory = new HostMemory(clock)
    let rest = 0
    for (let i = 0; i < 40; i++) {
      rest = memory.failed('mx.test:25', TROUBLE)
      clock.advance(rest)
    }
    assert.equal(rest, HOST_LIMITS.longestRest)
    memory.failed('first.test:25', TROUBLE)
    for (let i = 0; i < HOST_LIMITS.hosts; i++) memory.failed(`${i}.test:25`, TROUBLE)
    assert.equal(memory.resting('first.test:25'), undefined)
    clock.advance(HOST_LIMITS.memory + HOST_LIMITS.longestRest)
    assert.equal(memory.failed('9999.test:25', TROUBLE), HOST_LIMITS.firstRest)
  })

  it('that rest are called again in time when somebody sets the clock back', () => {
    const clock = new ManualClock()
    const memory = new HostMemory(clock)
    const rest = memory.failed('mx.test:25', TROUBLE)
    memory.avoid('mx.test:25', 'CHUNKING')
    clock.set(clock.now() - 3_600_000)
    clock.advance(rest - 1)
    assert.equal(memory.resting('mx.test:25'), TROUBLE)
    clock.advance(1)
    assert.equal(memory.resting('mx.test:25'), undefined)
    clock.advance(HOST_LIMITS.habit - rest)
    assert.equal(memory.avoids('mx.test:25', 'CHUNKING'), false)
  })

  it('many couriers that fail at once count as one failure', () => {
    const memory = new HostMemory(new ManualClock())
    assert.deepEqual(
      [1, 2, 3].map(() => memory.failed('mx.test:25', TROUBLE)),
      [30_000, 0, 0],
    )
  })

  it('have their other addresses called when one of them will not have us', async () => {
    await using first = await ScriptedServer.start({ greeting: '421 4.3.2 busy' }, '127.0.0.1')
    const stage = new CourierStage([])
    stage.hosts = [host({ port: first.port, addresses: ['127.0.0.1', '127.0.0.2'] })]
    const ending = await stage.run(stage.feed([await stage.letter()]))
    assert.ok(ending.kind === 'unreachable')
    assert.match(ending.trouble.reason, /421/)
    assert.equal(stage.events.length, 2)
  })

  it('are not all called in one run when there are very many', async () => {
    await using server = await ScriptedServer.start({ greeting: DROP })
    const addresses = Array.from({ length: 9 }, (_, i) => `127.0.0.${i + 1}`)
    await using all = await ScriptedServer.start({ greeting: DROP }, '0.0.0.0')
    const stage = new CourierStage([server])
    stage.hosts = [host({ port: all.port, addresses })]
    const feed = stage.feed([await stage.letter()])
    await stage.run(feed)
    assert.equal(all.sessions, VISITS_LIMIT)
    await stage.run(feed)
    assert.equal(all.sessions, addresses.length)
  })

  it('get no more connections at once than they may have; the next courier waits for one to end', async () => {
    await using server = await ScriptedServer.start()
    const stage = new CourierStage([server], { settings: { connectionsPerHost: 1 } })
    const idler = await stage.idler()
    const second = stage.feed([await stage.letter()])
    const behind = stage.run(second)
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal(server.sessions, 1)
    assert.equal((await idler.part()).kind, 'served')
    assert.equal((await behind).kind, 'served')
    assert.equal(server.sessions, 2)
  })

  it('get no more connections by having many names', async () => {
    await using server = await ScriptedServer.start()
    const stage = new CourierStage([server], { settings: { connectionsPerHost: 1 } })
    const idler = await stage.idler()
    stage.hosts = [host({ name: 'another.test', port: server.port })]
    const second = stage.feed([await stage.letter()])
    assert.deepEqual(await withTime(stage.clock, 1_000, stage.run(second)), { kind: 'idle' })
    assert.equal(server.sessions, 1)
    await idler.part()
  })

  it('that have enough of us, and serve others, are not left alone for that', async () => {
    await using server = await ScriptedServer.start({
      greeting: ['220 welcome', '421 4.7.0 too many', '220 welcome'],
    })
    const stage = new CourierStage([server])
    const idler = await stage.idler()
    const second = stage.feed([await stage.letter()])
    assert.equal((await stage.run(second)).kind, 'unreachable')
    assert.equal((await stage.run(second)).kind, 'served')
    assert.deepEqual(stage.events, [])
    await idler.part()
  })

  it('that stay full do not keep a courier waiting for ever', async () => {
    await using server = await ScriptedServer.start()
    const stage = new CourierStage([server], { settings: { connectionsPerHost: 1 } })
    const idler = await stage.idler()
    const second = stage.feed([await stage.letter()])
    assert.deepEqual(await withTime(stage.clock, 1_000, stage.run(second)), { kind: 'idle' })
    assert.equal(second.waiting.length, 1)
    await idler.part()
  })

  it('none of which takes mail make it wait if one of them may take it later', async () => {
    await using never = await ScriptedServer.start({ greeting: '554 5.3.2 no mail here' })
    await using later = await ScriptedServer.start({ greeting: '421 4.3.2 busy' })
    for (const servers of [
      [never, later],
      [later, never],
    ]) {
      const ending = await new CourierStage(servers).run(new CourierStage([]).feed([]))
      assert.equal(ending.kind === 'unreachable' && ending.trouble.status, '4.3.2')
    }
    const ending = await new CourierStage([never]).run(new CourierStage([]).feed([]))
    assert.deepEqual(ending.kind === 'unreachable' && ending.trouble, {
      kind: 'failed',
      status: '5.3.2',
      reason: 'mx1.test said to the connection: 554 5.3.2 no mail here',
      remote: { host: 'mx1.test', reply: '554 5.3.2 no mail here' },
    })
  })

  it('that there are none of end the mail as the DNS has it', async () => {
    const stage = new CourierStage([])
    stage.found = { kind: 'none', status: '5.1.10', reason: 'it accepts no mail', by: 'mx', steps: [] }
    const ending = await stage.run(stage.feed([await stage.letter()]))
    assert.deepEqual(ending, {
      kind: 'unreachable',
      trouble: { kind: 'failed', status: '5.1.10', reason: 'it accepts no mail' },
      facts: {},
    })
  })

  it('that nobody listens at are unreachable, for now', async () => {
    const server = await ScriptedServer.start()
    const { port } = server
    await server[Symbol.asyncDispose]()
    const stage = new CourierStage([])
    stage.hosts = [host({ port })]
    const ending = await stage.run(stage.feed([await stage.letter()]))
    assert.ok(ending.kind === 'unreachable')
    assert.deepEqual([ending.trouble.kind, ending.trouble.status], ['deferred', '4.4.1'])
    assert.match(ending.trouble.reason, /mx\.test.*ECONNREFUSED/)
  })

  it('that offer BDAT and do not know it get DATA, in the same run and in those that follow', async () => {
    await using server = await ScriptedServer.start({
      offers: ['PIPELINING', 'CHUNKING'],
      BDAT: '502 5.5.1 what',
    })
    const stage = new CourierStage([server])
    const feed = stage.feed(await stage.letters(3))
    assert.equal((await stage.run(feed)).kind, 'served')
    await stage.run(stage.feed(await stage.letters(1)))
    assert.deepEqual([server.taken.length, feed.kinds], [4, ['passed', 'passed', 'passed']])
    assert.deepEqual(stage.events, ['without CHUNKING'])
    assert.equal(server.sessions, 3)
  })

  it('are left at once when the signal aborts, and what was not attempted is given back', async () => {
    await using server = await ScriptedServer.start()
    const stage = new CourierStage([server])
    const leave = new AbortController()
    const feed = stage.feed(await stage.letters(1))
    feed.waits.push(() => {
      leave.abort()
      return new Promise(() => {})
    })
    assert.deepEqual(await stage.run(feed, leave.signal), { kind: 'idle' })
    assert.equal(feed.ends.size, 1)
    const late = stage.feed(await stage.letters(2))
    assert.deepEqual(await stage.run(late, AbortSignal.abort()), { kind: 'idle' })
    assert.equal(late.waiting.length, 2)
  })
})
