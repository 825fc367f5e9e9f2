// Mail that asks for a terminal (RFC 821 §3.4): shown to who is there, and lost for nobody.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { accept, isNoticed, LETTER, messages, notices, running, to, until, type House } from './house.ts'

for (const [display, isThere, inMailbox, onScreen, fate] of [
  ['send', true, 0, 1, 'over'],
  ['send', false, 0, 0, 'deferred'],
  ['soml', true, 0, 1, 'over'],
  ['soml', false, 1, 0, 'over'],
  ['saml', true, 1, 1, 'over'],
  ['saml', false, 1, 0, 'over'],
] as const)
  test(`${display} to somebody who is ${isThere ? 'at' : 'not at'} a terminal`, async (t) => {
    const rooms = await running(t)
    const seen: string[] = []
    const leave = new AbortController()
    const looking = isThere ? look(rooms, 'bob@cartero.test', seen, leave.signal) : undefined
    await accept(rooms, [to('bob@cartero.test')], LETTER, { display })
    await until(async () => {
      const deferred = (await rooms.spool.list({ state: 'deferred' }, { limit: 1 })).deliveries
      return (deferred.length > 0 ? 'deferred' : rooms.spool.waiting === 0 ? 'over' : '') === fate
    })
    leave.abort()
    await looking
    assert.equal((await messages(rooms, 'bob@cartero.test')).length, inMailbox)
    assert.equal(seen.length, onScreen)
  })

test('somebody who stays away from his terminal is told of to the sender', async (t) => {
  const rooms = await running(t)
  await accept(rooms, [to('bob@cartero.test')], LETTER, { display: 'send' })
  await until(async () => {
    rooms.clock.advance(60_000)
    return isNoticed(rooms)
  })
  assert.match((await notices(rooms))[0]!, /^Status: 5\.2\.0\r$/m)
})

test('a terminal that does not answer is taken for dead, and the mailbox gets the letter', async (t) => {
  const rooms = await running(t)
  const leave = new AbortController()
  const stuck = rooms.terminals.attach('bob@cartero.test', leave.signal)![Symbol.asyncIterator]()
  void stuck.next()
  await accept(rooms, [to('bob@cartero.test')], LETTER, { display: 'soml' })
  await until(() => {
    rooms.clock.advance(1_000)
    return rooms.spool.waiting === 0
  })
  assert.equal(rooms.terminals.attached('bob@cartero.test'), false)
  assert.equal((await messages(rooms, 'bob@cartero.test')).length, 1)
  leave.abort()
})

async function look(
  { terminals }: House,
  account: string,
  seen: string[],
  signal: AbortSignal,
): Promise<void> {
  for await (const { number, text } of terminals.attach(account, signal)!) {
    seen.push(text)
    terminals.shown(number)
  }
}
