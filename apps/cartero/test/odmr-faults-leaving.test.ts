// Customers who leave at each step of a turn: nothing is lost, and twice comes only what was there when they left without a word.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { CallingCustomer } from './calling-customer.ts'
import { DROP, type CountingHost, type Place, type Script } from './counting-host.ts'
import { RelayUnderFire } from './relay-under-fire.ts'

const LETTERS = 8
/** More than one read of a socket. */
const OCTETS = 100_000
const LIMIT_MS = 20_000

/** Leaves when it was asked for the n-th time, once. */
const at = (place: Place, nth = 1): Script => {
  let count = 0
  return (asked) => (asked === place && ++count === nth ? DROP : undefined)
}

interface Leaving {
  readonly script: Script
  /** How many letters come twice. */
  readonly twice?: number
}

/** What the host has and never answers for. */
function takenWithoutAWord(host: CountingHost, nth: number): Leaving {
  let count = 0
  return {
    twice: 1,
    script: (place, { recipients }) => {
      if (place !== 'end' || ++count !== nth) return undefined
      host.take(recipients, `Message-ID: <${recipients[0]}@sender.test>\r\n`)
      return DROP
    },
  }
}

const LEAVINGS: Readonly<Record<string, (host: CountingHost) => Leaving>> = {
  'after the 250 of ATRN': () => ({ script: at('greeting') }),
  'after his greeting': () => ({ script: at('EHLO') }),
  'after EHLO': () => ({ script: at('MAIL') }),
  'after MAIL': () => ({ script: at('RCPT') }),
  'after RCPT': () => ({ script: at('DATA') }),
  'in the middle of a message': (host) => {
    let isThere = true
    host.inMessage = (octets) => {
      if (octets < OCTETS / 4 || !isThere) return
      isThere = false
      host.drop()
    }
    return { script: () => undefined }
  },
  'after the dot, before its 250': (host) => takenWithoutAWord(host, 1),
  'after the dot of the fourth message': (host) => takenWithoutAWord(host, 4),
  'between messages': () => ({ script: at('MAIL', 3) }),
}

let stage: RelayUnderFire
let customer: CallingCustomer

before(async () => {
  customer = await CallingCustomer.start()
  stage = await RelayUnderFire.start({
    hosts: {},
    counted: [customer.host],
    lines: 'odmr: { clearCramMd5: true, retryAfter: 1s }\n',
  })
})
after(async () => {
  await customer[Symbol.asyncDispose]()
  await stage[Symbol.asyncDispose]()
})

const count = (): Promise<number> => stage.queue((queue) => queue.count({ destination: 'odmr home.test' }))

async function letters(prefix: string): Promise<void> {
  const flood = { domain: 'home.test', sessions: 1, letters: LETTERS, octets: OCTETS }
  assert.deepEqual(await stage.flood({ ...flood, prefix }), [])
  for (const end = Date.now() + LIMIT_MS; (await count()) < LETTERS; await sleep(20))
    assert.ok(Date.now() < end, stage.cartero.output.slice(-2_000))
}

/** Comes again as any customer does, until nothing waits. */
async function fetchRest(): Promise<void> {
  for (const end = Date.now() + LIMIT_MS; (await count()) > 0; await sleep(20)) {
    assert.ok(Date.now() < end, stage.cartero.output.slice(-2_000))
    const { answer, over } = await customer.call(stage.cartero)
    if (answer.startsWith('250')) await over
    else assert.match(answer, /^45[13] /)
  }
}

describe('a customer who leaves', () => {
  for (const [i, [when, arm]] of Object.entries(LEAVINGS).entries())
    for (const how of ['FIN', 'RST'] as const)
      test(`${when} (${how}) gets each letter in the end, and once unless he had it`, async (t) => {
        const { host } = customer
        const before = stage.duplicates().size
        await letters(`${how.toLowerCase()}${i}`)
        const { script, twice = 0 } = arm(host)
        host.script = script
        host.resets = how === 'RST'
        await customer.turn(stage.cartero)
        assert.ok((await count()) > 0, 'he has not left')
        host.script = () => undefined
        host.inMessage = () => {}
        await fetchRest()
        assert.deepEqual(await stage.lost(), [])
        assert.equal(stage.duplicates().size - before, twice)
        t.diagnostic(`${LETTERS} acknowledged, 0 lost, ${twice} came twice`)
      })
})
