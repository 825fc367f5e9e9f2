// A customer whose mail waits here until it is fetched: what he may send, and when no more may wait for him.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { MsaStage, send } from './msa-stage.ts'

const full = (...domains: readonly string[]) => ({ hasRoom: (domain: string) => !domains.includes(domain) })
const NO_ROOM = '452 4.2.2 Too much mail waits for this domain, try again later\r\n'

describe('mail for a customer who fetches it', () => {
  test('is taken as long as there is room for it, and refused for now when there is none', async () => {
    await using roomy = await MsaStage.open({}, { room: full() })
    using alice = await roomy.alice()
    await alice.smtp('MAIL FROM:<alice@cartero.test>')
    assert.match(await alice.smtp('RCPT TO:<anybody@home.test>'), /^250 2\.1\.5 /)
    await using stage = await MsaStage.open({}, { room: full('home.test') })
    using again = await stage.alice()
    await again.smtp('MAIL FROM:<alice@cartero.test>')
    assert.equal(await again.smtp('RCPT TO:<Anybody@HOME.test>'), NO_ROOM)
    // By an alias it waits there, too.
    assert.equal(await again.smtp('RCPT TO:<family@cartero.test>'), NO_ROOM)
    assert.match(await again.smtp('RCPT TO:<bob@cartero.test>'), /^250 2\.1\.5 /)
  })

  test('is refused when a room that is asked elsewhere has none, and kept while nobody can tell', async () => {
    const answers = new Map([['home.test', false]])
    const room = { hasRoom: async (domain: string) => answers.get(domain) ?? true }
    await using stage = await MsaStage.open({}, { room })
    using alice = await stage.alice()
    await alice.smtp('MAIL FROM:<alice@cartero.test>')
    assert.equal(await alice.smtp('RCPT TO:<anybody@home.test>'), NO_ROOM)
    answers.clear()
    assert.match(await alice.smtp('RCPT TO:<anybody@home.test>'), /^250 /)
    room.hasRoom = () => Promise.reject(new Error('the queue is away'))
    assert.match(await alice.smtp('RCPT TO:<more@home.test>'), /^451 /)
  })

  test('is refused of programs on this machine, too, before anything is kept', async () => {
    await using stage = await MsaStage.open({}, { room: full('home.test') })
    const letter = {
      user: 'root',
      recipients: ['anybody@home.test', 'bob@cartero.test'],
      isForHeader: false,
    }
    async function* octets(): AsyncGenerator<Buffer> {
      yield Buffer.from('Subject: x\n\nx\n')
    }
    const outcome = await stage.local.submit(letter, octets(), AbortSignal.timeout(5_000))
    assert.equal(outcome.kind, 'refused')
    assert.match(JSON.stringify(outcome), /452 4\.2\.2/)
    assert.equal(stage.waiting, 0)
  })
})

describe('an account that fetches mail', () => {
  test('sends as any address of its domains, and as nobody else', async () => {
    await using stage = await MsaStage.open({ policy: { routesOut: true } })
    using customer = await stage.loggedIn('home')
    for (const own of ['tim@home.test', 'TIM+x@Home.Test', 'home@cartero.test', ''])
      assert.match(await mail(customer, own), /^250 /, own)
    for (const other of [
      'alice@cartero.test',
      'tim@cartero.test',
      'tim@sub.home.test',
      'tim@xhome.test',
      'tim@elsewhere.test',
    ])
      assert.match(await mail(customer, other), /^550 5\.7\.1 /, other)
    const letter = 'From: tim@home.test\r\nSubject: x\r\n\r\nx'
    assert.match(await send(customer, letter, 'MAIL FROM:<tim@home.test>'), /^250 /)
    assert.equal((await stage.kept()).envelope.account, 'home@cartero.test')
  })

  test('is the only one that sends as these addresses', async () => {
    await using stage = await MsaStage.open({ policy: { routesOut: true } })
    using alice = await stage.alice()
    assert.match(await mail(alice, 'tim@home.test'), /^550 5\.7\.1 /)
    using stranger = await stage.client()
    assert.match(await stranger.smtp('MAIL FROM:<tim@home.test>'), /^530 5\.7\.0 /)
  })
})

test('who exists at a customer’s is neither confirmed nor denied', async () => {
  await using stage = await MsaStage.open({ policy: { verify: 'authenticated', expand: 'authenticated' } })
  using alice = await stage.alice()
  assert.match(await alice.smtp('VRFY anybody@home.test'), /^252 2\.1\.5 /)
  assert.match(await alice.smtp('EXPN anybody@home.test'), /^252 2\.1\.5 /)
  assert.match(await alice.smtp('VRFY family@cartero.test'), /^250 .*<family@cartero.test>/)
  assert.match(await alice.smtp('EXPN family@cartero.test'), /^250 .*<all@home.test>/)
  assert.match(await alice.smtp('VRFY alice@cartero.test'), /^250 /)
})

async function mail(client: { smtp(line: string): Promise<string> }, from: string): Promise<string> {
  const answer = await client.smtp(`MAIL FROM:<${from}>`)
  await client.smtp('RSET')
  return answer
}
