// Hosts that misbehave, each in its way: mail for them waits and arrives once they mend, and mail for others goes on meanwhile.
// What takes minutes (silence, and a 250 that comes too late) is proven with a clock in hand in apps/mta/test/courier/faults.test.ts.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { LineClient } from '@cartero/testkit'
import { CountingHost, DROP, SILENCE, type Place, type Script } from './counting-host.ts'
import { RelayUnderFire } from './relay-under-fire.ts'

const LETTERS = 5
/** How long it may take until a fault has been met. */
const LIMIT_MS = 20_000

/** Whether it does this, now that it was asked for the n-th time. */
const first = (times: number, answer: Awaited<ReturnType<Script>>, at: Place): Script => {
  let count = 0
  return (place) => (place === at && count++ < times ? answer : undefined)
}

/** As many lines as nobody needs. */
const long = (code: string): string =>
  `${`${code}-2.0.0 and so on\r\n`.repeat(1_000)}${code} 2.0.0 that is all`

const FAULTS: Readonly<Record<string, (host: CountingHost) => Script>> = {
  'accepts connections and drops them at once': () => first(3, DROP, 'greeting'),
  'greets with 421': () => first(3, '421 4.3.2 not now', 'greeting'),
  'drops at EHLO': () => first(3, DROP, 'EHLO'),
  'drops at MAIL': () => first(3, DROP, 'MAIL'),
  'drops at RCPT': () => first(3, DROP, 'RCPT'),
  'drops at DATA': () => first(3, DROP, 'DATA'),
  'drops in the message': (host) => {
    let drops = 3
    host.inMessage = () => drops-- > 0 && host.drop()
    return () => undefined
  },
  'drops at the end of the message': () => first(3, DROP, 'end'),
  'says 421 in the middle of a conversation': () => first(3, '421 4.3.2 going down', 'RCPT'),
  'says 451 to the message': () => first(3, '451 4.3.0 later', 'end'),
  'trickles its answers octet by octet': (host) => {
    host.trickles = true
    return () => undefined
  },
  'answers at the length of 1,000 lines': () => (place) =>
    place === 'greeting' || place === 'RCPT' || place === 'end'
      ? long(place === 'greeting' ? '220' : '250')
      : undefined,
}

const names = Object.keys(FAULTS).map((_, i) => `fault${i}.test`)
const hosts: Record<string, CountingHost> = {}
for (const name of [...names, 'silent.test', 'late.test', 'some.test', 'good.test'])
  hosts[name] = await CountingHost.start()
let stage: RelayUnderFire

before(async () => {
  stage = await RelayUnderFire.start({ hosts })
})
after(async () => {
  await stage[Symbol.asyncDispose]()
  for (const host of Object.values(hosts)) await host[Symbol.asyncDispose]()
})

const count = (domain: string): Promise<number> =>
  stage.queue((queue) => queue.count({ destination: `via ${domain}` }))

/** The operator says again and again that the host is back, until it has had so many letters and nothing waits for it. */
async function urge(domain: string, letters: number): Promise<void> {
  const host = hosts[domain]!
  for (
    const end = Date.now() + LIMIT_MS;
    host.taken < letters || (await count(domain)) > 0;
    await sleep(20)
  ) {
    assert.ok(Date.now() < end, stage.cartero.output.slice(-2_000))
    await stage.change({ destination: `via ${domain}` }, { kind: 'retry' })
  }
}

describe('a host that', () => {
  for (const [i, [what, script]] of Object.entries(FAULTS).entries())
    test(`${what} gets each letter once in the end, and others get theirs meanwhile`, async () => {
      const name = names[i]!
      hosts[name]!.script = script(hosts[name]!)
      const sent = { sessions: 1, letters: LETTERS, octets: 100_000 }
      await stage.flood({ ...sent, domain: name, prefix: `f${i}` })
      await stage.flood({ ...sent, domain: 'good.test', prefix: `g${i}` })
      assert.deepEqual(await stage.lost((recipient) => !recipient.startsWith('g')), [])
      await urge(name, LETTERS)
      assert.deepEqual(await stage.lost(), [])
      assert.equal(stage.duplicates().size, 0)
    })

  test('never greets keeps nobody waiting but its own mail', async () => {
    hosts['silent.test']!.script = (place) => (place === 'greeting' ? SILENCE : undefined)
    await stage.flood({ domain: 'silent.test', prefix: 'silent', sessions: 10, letters: 10 })
    await stage.flood({ domain: 'good.test', prefix: 'beside', sessions: 1, letters: 20 })
    assert.deepEqual(await stage.lost((recipient) => !recipient.startsWith('beside')), [])
    assert.equal(await count('silent.test'), 100)
    hosts['silent.test']!.script = () => undefined
    hosts['silent.test']!.drop()
    await urge('silent.test', 100)
    assert.deepEqual(await stage.lost(), [])
  })

  test('takes one recipient of three for now gets the others later, and nothing twice', async () => {
    const deferred = new Set(['some-b', 'some-c'])
    hosts['some.test']!.script = (place, { line }) => {
      const recipient = /<([^@]*)/.exec(line)?.[1] ?? ''
      return place === 'RCPT' && deferred.delete(recipient) ? '451 4.7.1 come again' : undefined
    }
    using client = await LineClient.connect(stage.cartero.port(25))
    await client.reply()
    await client.smtp('EHLO sender.test')
    await client.smtp('MAIL FROM:<alice@cartero.test>')
    for (const one of ['a', 'b', 'c']) await client.smtp(`RCPT TO:<some-${one}@some.test>`)
    await client.smtp('DATA')
    assert.match(await client.smtp('Subject: x\r\n\r\nx\r\n.'), /^250 /)
    await urge('some.test', 2)
    const copies = ['a', 'b', 'c'].map((one) => stage.copies(`some-${one}`).length)
    assert.deepEqual(copies, [1, 1, 1])
    assert.equal(hosts['some.test']!.taken, 2)
  })

  test('has taken a letter and never said so gets it twice, and that is told', async (t) => {
    const host = hosts['late.test']!
    let cuts = 1
    host.script = (place, { recipients }) => {
      if (place !== 'end' || cuts-- <= 0) return undefined
      host.take(recipients, `Message-ID: <${recipients[0]}@sender.test>\r\n`)
      return DROP
    }
    await stage.flood({ domain: 'late.test', prefix: 'late', sessions: 1, letters: 1 })
    await urge('late.test', 2)
    assert.equal(stage.copies('late-0-0').length, 2)
    assert.match(stage.cartero.output, /message\.uncertain/)
    assert.deepEqual(await stage.lost(), [])
    t.diagnostic(`${stage.promised.size} acknowledged, 0 lost, ${stage.duplicates().size} came twice`)
  })
})
