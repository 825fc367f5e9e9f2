// kill -9 while an operator changes many deliveries: what was told as changed stays so, and all others are as they were.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Change, DeliveryFilter, DeliveryState } from '@cartero/spool'
import { CountingHost } from './counting-host.ts'
import { RelayUnderFire } from './relay-under-fire.ts'

/** Several portions of a change, each of which is a transaction. */
const PILE = 800
const SESSIONS = 20

const away = await CountingHost.start()
const other = await CountingHost.start()
away.script = (place) => (place === 'greeting' ? '421 4.3.2 not now' : undefined)
let stage: RelayUnderFire

before(async () => {
  stage = await RelayUnderFire.start({
    hosts: {
      'held.test': away,
      'moved.test': away,
      'gone.test': away,
      'back.test': away,
      'other.test': other,
    },
  })
})
after(async () => {
  await stage[Symbol.asyncDispose]()
  await away[Symbol.asyncDispose]()
  await other[Symbol.asyncDispose]()
})

const count = (domain: string, state?: DeliveryState): Promise<number> =>
  stage.queue((queue) => queue.count({ destination: `via ${domain}`, ...(state && { state }) }))

async function pile(domain: string): Promise<void> {
  const refused = await stage.flood({ domain, prefix: domain, sessions: SESSIONS, letters: PILE / SESSIONS })
  assert.deepEqual(refused, [])
  for (let i = 0; (await count(domain)) < PILE; await sleep(50))
    assert.ok(i++ < 200, `${await count(domain)}`)
}

/** Changes what is for the domain and kills the process once some of it is told to be done. Returns how much was told. */
async function crashWithin(domain: string, change: Change): Promise<number> {
  const filter: DeliveryFilter = { destination: `via ${domain}` }
  const told = await stage.change(filter, change, (changed) => {
    if (changed > 0) stage.cartero.child.kill('SIGKILL')
  })
  assert.ok(told > 0)
  await stage.cartero.kill()
  await stage.restart()
  return told
}

/** Deliveries that are under way are left alone: until none was. */
async function complete(domain: string, change: Change, isDone: () => Promise<boolean>): Promise<void> {
  for (let i = 0; !(await isDone()); await sleep(50)) {
    assert.ok(i++ < 200)
    await stage.change({ destination: `via ${domain}` }, change)
  }
}

describe('kill -9 while an operator', () => {
  test('holds mail: what was told is held, all of it waits, and goes when it is released', async () => {
    await pile('held.test')
    const change: Change = { kind: 'hold', reason: 'wait' }
    const told = await crashWithin('held.test', change)
    assert.ok((await count('held.test', 'held')) >= told)
    assert.equal(await count('held.test'), PILE)
    await complete('held.test', change, async () => (await count('held.test', 'held')) === PILE)
  })

  test('reroutes mail: each letter is at the one host or waits for the other', async () => {
    await pile('moved.test')
    const change: Change = { kind: 'reroute', nextHop: { kind: 'route', name: 'other.test' } }
    await crashWithin('moved.test', change)
    await complete('moved.test', change, async () => (await count('moved.test')) === 0)
    assert.deepEqual(await stage.lost((recipient) => !recipient.startsWith('moved.test')), [])
  })

  test('removes mail: what was told does not come back, and nothing else is gone', async () => {
    await pile('gone.test')
    const told = await crashWithin('gone.test', { kind: 'remove' })
    const left = await count('gone.test')
    assert.ok(left <= PILE - told, `${left} of ${PILE} are left, and ${told} were removed`)
    assert.equal(await count('held.test', 'held'), PILE)
    await complete('gone.test', { kind: 'remove' }, async () => (await count('gone.test')) === 0)
  })

  test('gives mail back: each sender hears of each letter', async () => {
    await pile('back.test')
    const change: Change = { kind: 'return', reason: 'not in our name' }
    await crashWithin('back.test', change)
    await complete('back.test', change, async () => (await count('back.test')) === 0)
    assert.deepEqual(await stage.lost((recipient) => !recipient.startsWith('back.test')), [])
  })

  test('in the end all letters are where they should be', async (t) => {
    away.script = () => undefined
    await stage.change({}, { kind: 'release' })
    // The host is left alone for a while, since it failed: unless somebody says that it is back. What is on its way is not told.
    await complete('held.test', { kind: 'retry' }, async () => (await count('held.test')) === 0)
    assert.deepEqual(await stage.lost((recipient) => recipient.startsWith('gone.test')), [])
    for (const recipient of stage.promised)
      if (recipient.startsWith('gone.test')) assert.equal(stage.copies(recipient).length, 0, recipient)
    const twice = [...(await stage.notices()).values()].filter((notices) => notices > 1).length
    const letters = stage.promised.size
    t.diagnostic(
      `${letters} acknowledged, 0 lost, ${stage.duplicates().size} came twice, ${twice} notices came twice`,
    )
  })
})
