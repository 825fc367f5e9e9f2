// The queue of a running and of a stopped system, as an operator sees and steers it.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { CarteroProcess } from '@cartero/testkit'
import { awaitedLetter } from './awaited-letter.ts'
import { cartero, temporaryFolder, type Answer } from './cartero-command.ts'

interface Listed {
  readonly deliveries: readonly {
    readonly id: string
    readonly queueId: string
    readonly state: string
    readonly recipients: readonly string[]
    readonly reason?: string
  }[]
  readonly next?: string
}

let system: CarteroProcess
const on = (...words: string[]): Promise<Answer> => cartero([...words, '--data', system.data])

async function send(recipients: readonly string[], subject = 'x', sender = 'alice'): Promise<void> {
  const words = ['sendmail', '--data', system.data, '-f', sender, ...recipients]
  const { code, err } = await cartero(words, { input: `Subject: ${subject}\n\nthe body\n` })
  assert.equal(code, 0, err)
}

async function listed(...filter: string[]): Promise<Listed> {
  const { code, out, err } = await on('queue', 'list', '--json', ...filter)
  assert.equal(code, 0, err)
  return JSON.parse(out) as Listed
}

/** Until as many wait as should: they are routed a moment after they were taken. */
async function waiting(count: number, ...filter: string[]): Promise<Listed['deliveries']> {
  for (let i = 0; ; i++) {
    const { deliveries } = await listed(...filter)
    const isRouted = deliveries.every(({ id }) => !id.endsWith('.0'))
    if ((deliveries.length === count && isRouted) || i === 40) {
      assert.equal(deliveries.length, count, JSON.stringify(deliveries))
      return deliveries
    }
  }
}

/** Nobody answers for the DNS, so that what is released is tried, and waits. */
const CONFIG = 'dns: { servers: ["127.0.0.1:1"], patience: 100ms, rounds: 1 }\n'
const folder = mkdtempSync(join(tmpdir(), 'cartero-queue-'))

before(async () => {
  const config = join(folder, 'c.yaml')
  writeFileSync(config, CONFIG)
  system = await CarteroProcess.start({ args: ['--config', config] })
})
after(async () => {
  await system[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true })
})

describe('a development system', () => {
  test('takes mail for elsewhere, sends none of it, and says why it waits', async () => {
    await send(['tim@held.example'])
    const [delivery] = await waiting(1, '--domain', 'held.example')
    assert.equal(delivery!.state, 'held')
    assert.match(delivery!.reason!, /sends nothing to other hosts/)
    const { out } = await on('queue', 'list', '--domain', 'held.example')
    assert.match(out, /^ID +AGE +SIZE +SENDER +RECIPIENTS +STATE +NEXT TRY +REASON\n/)
    assert.match(out, /alice@cartero\.test +tim@held\.example +held/)
  })
})

describe('what is meant', () => {
  before(async () => {
    await send(['a@one.example', 'b@one.example', 'c@two.example'], 'first')
    await send(['d@two.example'], 'second', 'bob')
    await waiting(2, '--domain', 'two.example')
  })

  test('can be said by sender, recipient, destination, state, age and reason, and by several of them', async () => {
    for (const [count, ...filter] of [
      [2, '--domain', 'two.example'],
      [1, '--domain', 'TWO.example', '--sender', 'Bob@cartero.test'],
      [1, '--recipient', 'b@one.example'],
      [2, '--recipient', '@two.example', '--sender', '@cartero.test'],
      [0, '--domain', 'two.example', '--state', 'deferred'],
      [0, '--domain', 'two.example', '--older-than', '1h'],
      [2, '--domain', 'two.example', '--younger-than', '1h', '--reason', 'SENDS NOTHING'],
      [0, '--domain', 'two.example', '--reason', 'greylisted'],
      [0, '--route', 'nowhere'],
      [0, '--sender', '<>'],
    ] as const)
      assert.equal((await listed(...filter)).deliveries.length, count, filter.join(' '))
  })

  test('is listed in pages, newest first, and none is told twice or never', async () => {
    const all = (await listed()).deliveries.map(({ id }) => id)
    const seen: string[] = []
    let next: string | undefined
    do {
      const page = await listed('--limit', '1', ...(next === undefined ? [] : ['--after', next]))
      seen.push(...page.deliveries.map(({ id }) => id))
      next = page.next
    } while (next !== undefined)
    assert.deepEqual(seen, all)
  })

  test('that cannot be understood ends with 2, and changes nothing', async () => {
    for (const words of [
      ['list', '--limit', '0'],
      ['list', '--older-than', 'long'],
      ['list', '--state', 'lost'],
      ['list', '--id', 'x'],
      ['hold'],
      ['hold', '--all', '--domain', 'one.example'],
      ['remove', '--domain', 'one.example'],
      ['reroute', '--domain', 'one.example', '--yes'],
      ['reroute', '--domain', 'one.example', '--yes', '--to-domain', 'no domain'],
      ['show', 'x', '--content', '--headers'],
    ]) {
      const { code, out } = await on('queue', ...words)
      assert.deepEqual([code, out], [2, ''], words.join(' '))
    }
    await waiting(2, '--domain', 'two.example', '--state', 'held')
  })

  test('is counted before anything is destroyed, and --dry-run does nothing else', async () => {
    const dry = await on('queue', 'remove', '--domain', 'two.example', '--dry-run')
    assert.match(dry.err, /2 deliveries would be removed/)
    const json = await on('queue', 'bounce', '--domain', 'two.example', '--dry-run', '-o', 'json')
    assert.deepEqual(JSON.parse(json.out), { dryRun: true, found: 2, changed: 0 })
    const refused = await on('queue', 'remove', '--domain', 'two.example')
    assert.match(refused.err, /2 deliveries to remove\nerror: nothing was changed; say --yes/)
    await waiting(2, '--domain', 'two.example')
  })

  test('has a shape, by destination, reason and state', async () => {
    const { out } = await on('queue', 'shape')
    assert.match(out, /^DESTINATION +ALL +1h +2h .* OLDER\nTOTAL +\d+/)
    assert.match(out, /^two\.example +2 +2 +\./m)
    const { rows } = JSON.parse((await on('queue', 'shape', '--by', 'state', '--json')).out) as {
      rows: { name: string; deliveries: number }[]
    }
    assert.equal(rows.find(({ name }) => name === 'held')?.deliveries, (await listed()).deliveries.length)
    const top = await on('queue', 'shape', '--top', '1')
    assert.match(top.err, /more lines/)
  })
})

test('what an operator did to a message stands in its journey', async () => {
  await send(['tim@steered.example'], 'steered')
  const [{ queueId } = { queueId: '' }] = await waiting(1, '--domain', 'steered.example')
  assert.equal((await on('queue', 'release', queueId)).code, 0)
  assert.equal((await on('queue', 'hold', queueId, '--because', 'to look at it')).code, 0)
  const { out, err } = await on('trace', queueId)
  assert.match(out, /released[\s\S]*held.*to look at it/i, err)
})

describe('a message', () => {
  test('is shown with its envelope and its deliveries, and octet for octet', async () => {
    await send(['tim@shown.example', 'tom@other.example'], 'shown')
    const [delivery] = await waiting(1, '--domain', 'shown.example')
    const { queueId } = delivery!
    const { out } = await on('queue', 'show', queueId)
    assert.match(out, /^sender {5}alice@cartero\.test$/m)
    assert.match(out, /^recipient {2}tom@other\.example$/m)
    assert.match(out, new RegExp(`^delivery {3}${queueId}\\.\\d\\n {2}to {7}shown\\.example$`, 'm'))
    const { envelope } = JSON.parse((await on('queue', 'show', queueId.toLowerCase(), '--json')).out) as {
      envelope: { recipients: unknown }
    }
    assert.deepEqual(envelope.recipients, [
      { address: 'tim@shown.example' },
      { address: 'tom@other.example' },
    ])
    const { out: content } = await on('queue', 'show', delivery!.id, '--content')
    assert.match(content, /^Received: by .*\r\n[\s\S]*^Subject: shown\r\n\r\nthe body\r\n$/m)
    const { out: headers } = await on('queue', 'show', queueId, '--headers')
    assert.match(headers, /Subject: shown\r\n$/)
  })

  test('that is not there ends with 3', async () => {
    const none = '0'.repeat(16)
    for (const words of [
      ['show', none],
      ['show', none, '--content'],
      ['hold', none],
    ])
      assert.equal((await on('queue', ...words)).code, 3, words.join(' '))
  })
})

describe('an operator', () => {
  test('holds and releases, with a reason that does nothing to a terminal', async () => {
    await send(['tim@reason.example'])
    const [delivery] = await waiting(1, '--domain', 'reason.example')
    const because = 'before \u{1b}[2J\u{9b}31m\u{202e} after'
    assert.equal((await on('queue', 'release', delivery!.id)).code, 0)
    await waiting(1, '--domain', 'reason.example', '--state', 'deferred')
    const hold = await on('queue', 'hold', '--domain', 'reason.example', '--because', because)
    assert.equal(hold.code, 0, hold.err)
    for (const words of [
      ['queue', 'list'],
      ['queue', 'list', '--json'],
      ['queue', 'show', delivery!.queueId],
      ['queue', 'show', delivery!.queueId, '--json'],
      ['mailq'],
    ]) {
      const { out, err } = await on(...words)
      assert.match(out, /before .* after/, words.join(' '))
      for (const control of ['\u{1b}', '\u{9b}', '\u{202e}'])
        assert.ok(!`${out}${err}`.includes(control), words.join(' '))
    }
  })

  test('has everything for a destination tried now, and sees that it was', async () => {
    await send(['tim@again.example'])
    const [delivery] = await waiting(1, '--domain', 'again.example')
    await on('queue', 'release', delivery!.id)
    const attempts = async (least: number): Promise<void> => {
      for (let i = 0; i < 40; i++) {
        const { out } = await on('queue', 'show', delivery!.queueId)
        const count = Number(/^ {2}attempts (\d+)$/m.exec(out)![1])
        if (count >= least && /next try in/.test(out)) return
      }
      assert.fail(`it was not tried ${least} times\n${system.output}`)
    }
    await attempts(1)
    const { err } = await on('queue', 'retry', '--domain', 'again.example')
    assert.match(err, /1 delivery was made due/)
    await attempts(2)
    await on('queue', 'remove', delivery!.id)
  })

  test('removes what a filter means, and nobody is told', async () => {
    await send(['a@gone.example', 'b@gone.example'])
    await waiting(1, '--domain', 'gone.example')
    const { code, out } = await on('queue', 'remove', '--domain', 'gone.example', '--yes', '--json')
    assert.equal(code, 0)
    assert.deepEqual(JSON.parse(out), { found: 1, changed: 1 })
    await waiting(0, '--domain', 'gone.example')
  })

  test('gives mail back, and its sender hears why', async () => {
    await send(['tim@back.example'], 'given back')
    const [delivery] = await waiting(1, '--domain', 'back.example')
    const { code, err } = await on('queue', 'bounce', delivery!.id, '--because', 'not in our name')
    assert.equal(code, 0, err)
    assert.match(err, /1 delivery was given back/)
    const notice = await awaitedLetter(system, 'alice', 'tim@back.example')
    assert.match(notice, /^Action: failed\r$/m)
    assert.match(notice, /not in our name/)
    await waiting(0, '--domain', 'back.example')
  })

  test('sends what waits to somewhere else', async () => {
    await send(['tim@before.example'])
    const [delivery] = await waiting(1, '--domain', 'before.example')
    await on('queue', 'reroute', delivery!.id, '--to-domain', 'After.example')
    await waiting(1, '--domain', 'after.example')
    await waiting(0, '--domain', 'before.example')
    await on('queue', 'remove', delivery!.id)
  })
})

test('a stopped system has the same queue, and keeps what was changed in it', async () => {
  const first = await CarteroProcess.start()
  const { data } = first
  const ask = (...words: string[]): Promise<Answer> => cartero([...words, '--data', data])
  const input = 'Subject: x\n\nx\n'
  await cartero(['sendmail', '--data', data, 'a@one.example', 'b@two.example'], { input })
  assert.equal(await first.stop(), 0, first.output)
  const list = async (): Promise<Listed> => JSON.parse((await ask('queue', 'list', '--json')).out) as Listed
  const { deliveries } = await list()
  assert.deepEqual(deliveries.flatMap(({ recipients }) => recipients).toSorted(), [
    'a@one.example',
    'b@two.example',
  ])
  assert.equal((await ask('queue', 'remove', '--domain', 'one.example', '--yes')).code, 0)
  assert.match((await ask('queue', 'show', deliveries[0]!.queueId, '--content')).out, /\r\n\r\nx\r\n$/)
  assert.match((await ask('mailq')).out, /-- 1 Kbytes in 1 Request\.\n$/)
  await using second = await CarteroProcess.start({ data })
  assert.deepEqual(
    (await list()).deliveries.flatMap(({ recipients }) => recipients),
    ['b@two.example'],
  )
  assert.equal((await ask('status')).code, 0)
  assert.ok(second.running)
})

test('mail for elsewhere is refused at the door where the operator wants it so', async (context) => {
  const config = join(temporaryFolder(context), 'c.yaml')
  writeFileSync(config, 'relay: { mode: refuse }\n')
  await using refusing = await CarteroProcess.start({ args: ['--config', config] })
  const words = ['sendmail', '--data', refusing.data, 'a@one.example']
  const { code, err } = await cartero(words, { input: '\nx\n' })
  assert.equal(code, 68)
  assert.match(err, /550 5\.4\.4/)
})
