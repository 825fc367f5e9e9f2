// kill -9 at each step of a letter's way through, in and out under load: what was acknowledged is at its host or was given
// back; twice comes only what the host had taken and we had not noted.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { CountingHost, DROP } from './counting-host.ts'
import { RelayUnderFire } from './relay-under-fire.ts'

const ROUNDS = Number(process.env['CRASH_ROUNDS'] ?? 1)
const SESSIONS = 10
/** Connections to the host, messages said to it and not answered on each, and what one settlement has of those that were. */
const WINDOW = 5 * 4 + 500

const host = await CountingHost.start()
let stage: RelayUnderFire
/** How many letters had come to the host from the process that was killed and those before it. */
const kills: number[] = []

before(async () => {
  stage = await RelayUnderFire.start({
    hosts: { 'far.test': host },
    relay: ', connectionsPerDestination: 5, firstConnections: 5',
  })
})
after(async () => {
  await stage[Symbol.asyncDispose]()
  await host[Symbol.asyncDispose]()
})

/** One in eight is unknown to the host, one in eight has to come again. */
const seen = new Set<string>()
const usual: CountingHost['script'] = (place, { line }) => {
  if (place !== 'RCPT') return undefined
  const recipient = /<([^@]*)/.exec(line)![1]!
  const last = Number(recipient.at(-1))
  if (last === 7) return '550 5.1.1 no such user'
  if (last !== 3 || seen.has(recipient)) return undefined
  seen.add(recipient)
  return '451 4.7.1 come again'
}

/** Kills once, and lets everything that is scripted see that it is over. */
class Trap {
  readonly #stage = stage
  #count: number
  isSprung = false

  /** @param after how often it is stepped on before */
  constructor(after = 0) {
    this.#count = after
  }

  step(): void {
    if (this.isSprung || this.#count-- > 0) return
    this.isSprung = true
    this.#stage.cartero.child.kill('SIGKILL')
  }
}

/** Load until the trap is sprung, and a restart. */
async function crash(
  name: string,
  trap: Trap,
  flood: { accepted?: () => void; octets?: number } = {},
): Promise<void> {
  await stage.flood({ domain: 'far.test', prefix: name, sessions: SESSIONS, ...flood })
  assert.ok(trap.isSprung)
  await stage.cartero.kill()
  // What was sent to it is still read and counted.
  while (host.open > 0) await sleep(1)
  kills.push(host.taken)
  host.script = usual
  host.inMessage = () => {}
  await stage.restart()
}

const STEPS: Readonly<Record<string, (trap: Trap) => Parameters<typeof crash>[2] | void>> = {
  'while letters come in': (trap) => void setTimeout(() => trap.step(), 300 + 200 * Math.random()),
  'between a 250 and its routing': (trap) => ({ accepted: () => trap.step() }),
  'while the host has half a message': (trap) => {
    host.inMessage = (octets) => octets > 1_000 && trap.step()
    // More than one read of a socket.
    return { octets: 300_000 }
  },
  'before the host has answered for what it has': (trap) => {
    host.script = (place, heard) => {
      if (place !== 'end') return usual(place, heard)
      trap.step()
      return trap.isSprung ? DROP : undefined
    }
  },
  'when the host has said 250': (trap) => {
    host.script = (place, heard) => {
      if (place === 'end') setImmediate(() => trap.step())
      return usual(place, heard)
    }
  },
  'while that is settled': (trap) => {
    host.script = (place, heard) => {
      if (place === 'end') setTimeout(() => trap.step(), 20 * Math.random())
      return usual(place, heard)
    }
  },
  'while a notice is written': (trap) => {
    host.script = async (place, heard) => {
      const answer = await usual(place, heard)
      if (typeof answer === 'string' && answer.startsWith('550'))
        setTimeout(() => trap.step(), 10 * Math.random())
      return answer
    }
  },
}

describe('kill -9 under load, in and out', () => {
  for (let round = 0; round < ROUNDS; round++)
    for (const [name, arm] of Object.entries(STEPS))
      test(`${name}: nothing is lost`, { timeout: 60_000 }, async () => {
        host.script = usual
        const trap = new Trap(name.startsWith('while letters') ? 0 : Math.floor(20 + 100 * Math.random()))
        const flood = arm(trap) ?? {}
        await crash(`r${round}s${Object.keys(STEPS).indexOf(name)}`, trap, flood)
        assert.deepEqual(await stage.lost(), [])
      })

  test('what came twice was on its way when the process was killed, and is the same letter', async (t) => {
    // Something may be on its way a second time still.
    for (let waiting = -1; waiting !== 0; await sleep(100))
      waiting = await stage.queue((queue) => queue.count({}))
    const duplicates = stage.duplicates()
    let [copies, widest] = [0, 0]
    for (const [recipient, [first, ...others]] of duplicates) {
      copies += others.length
      for (const other of others) {
        const age = Math.min(
          ...kills.filter((at) => at > first!.at && at <= other.at).map((at) => at - 1 - first!.at),
        )
        assert.ok(age <= WINDOW, `${recipient}: letter ${first!.at} came again as ${other.at}`)
        widest = Math.max(widest, age)
      }
    }
    const twice = [...(await stage.notices()).values()].filter((count) => count > 1).length
    t.diagnostic(
      `${stage.promised.size} acknowledged, 0 lost, ${copies} came twice after ${kills.length} kills ` +
        `(the oldest was ${widest} letters before), ${twice} notices came twice`,
    )
    assert.ok(copies <= kills.length * WINDOW)
  })
})
