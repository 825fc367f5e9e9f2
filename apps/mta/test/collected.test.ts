// Mail from outside for a customer who fetches it: taken as long as there is room, and never as a way to send.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, test } from 'node:test'
import { openMemoryDirectory } from '@cartero/directory/memory'
import { TURN_SETTINGS } from '@cartero/mta-agent/agent'
import { MemoryContentLog } from '@cartero/content/memory'
import { Notices } from '@cartero/spool/notices'
import { MemorySpool } from '@cartero/spool/memory'
import { systemClock } from '@cartero/wire'
import { MxStage } from './mx-stage.ts'

const content = new MemoryContentLog()

async function customers() {
  const directory = openMemoryDirectory()
  const domain = (name: string) => ({ name, catchAll: '', postmaster: '' })
  await directory.AddDomain({ domain: domain('cartero.test') })
  for (const address of ['bob@cartero.test', 'home@cartero.test'])
    await directory.AddAccount({ account: { address, disabled: false, quota: 0n }, password: 'secret words' })
  const collection = { account: 'home@cartero.test', quota: 0n, keepSeconds: 0n, contact: '' }
  await directory.AddDomain({ domain: { ...domain('home.test'), collection } })
  const small = { ...collection, quota: 1n }
  await directory.AddDomain({ domain: { ...domain('second.test'), collection: small } })
  const targets = ['bob@cartero.test', 'tim@home.test', 'tim@second.test']
  await directory.SetAlias({ alias: { address: 'all@cartero.test', targets } })
  return directory
}

const turns = { settings: TURN_SETTINGS }
const notices = new Notices({
  intake: new MemorySpool({ content }),
  content,
  hostname: 'mx.cartero.test',
  clock: systemClock,
  random: randomBytes,
})

const NO_ROOM = '452 4.2.2 Too much mail waits for this domain, try again later\r\n'

describe('mail from outside for a customer who fetches it', () => {
  test('is taken whoever it is for, though nothing is sent to other hosts', async () => {
    await using stage = await MxStage.open({}, { directory: await customers() })
    using client = await stage.client()
    await client.smtp('MAIL FROM:<s@elsewhere.test>')
    for (const address of ['anybody@home.test', 'all@cartero.test'])
      assert.match(await client.smtp(`RCPT TO:<${address}>`), /^250 2\.1\.5 /, address)
  })

  test('is refused for now when no more may wait for him, whatever leads there, and for nobody else', async () => {
    await using stage = await MxStage.open({}, { directory: await customers(), turns, notices })
    await stage.ground.deferred({ kind: 'odmr', domain: 'second.test' })
    // It is counted now and then.
    stage.clock.advance(60_000)
    using client = await stage.client()
    await client.smtp('MAIL FROM:<s@elsewhere.test>')
    assert.equal(await client.smtp('RCPT TO:<Anybody@SECOND.test>'), NO_ROOM)
    assert.equal(await client.smtp('RCPT TO:<all@cartero.test>'), NO_ROOM)
    assert.match(await client.smtp('RCPT TO:<anybody@home.test>'), /^250 /)
    assert.match(await client.smtp('RCPT TO:<bob@cartero.test>'), /^250 /)
    await client.smtp('DATA')
    assert.match(await client.smtp('Subject: x\r\n\r\nx\r\n.'), /^250 /)
    const { envelope } = await stage.kept()
    assert.deepEqual(
      envelope.recipients.map(({ address }) => address),
      ['anybody@home.test', 'bob@cartero.test'],
    )
  })
})

test('that somebody fetches mail makes no relay of this host', async () => {
  await using stage = await MxStage.open({ routesOut: true }, { directory: await customers() })
  for (const sender of ['tim@home.test', 'home@cartero.test', 's@elsewhere.test', '']) {
    using client = await stage.client()
    await client.smtp(`MAIL FROM:<${sender}>`)
    for (const address of ['tim@elsewhere.test', 'tim@sub.home.test', 'tim%elsewhere.test@elsewhere.test'])
      assert.match(await client.smtp(`RCPT TO:<${address}>`), /^550 5\.7\.1 /, `${sender} to ${address}`)
  }
})
