// What an edge goes on with while the directory is away, over real gRPC on loopback.
import assert from 'node:assert/strict'
import { setImmediate as turn } from 'node:timers/promises'
import { test, type TestContext } from 'node:test'

import { RpcChannel, RpcServer } from '@cartero/bus/grpc'
import { Resolution_Verdict as Verdict } from '@cartero/contracts/directory'
import { ManualClock, systemClock, type Clock } from '@cartero/wire'

import { addAccount, domain } from '../compliance/house.ts'
import type { Directory } from '../directory.ts'
import { openMemoryDirectory } from '../memory/index.ts'
import { directoryOffer, openRemoteDirectory, REMOTE_DIRECTORY_LIMITS } from './index.ts'

class Apart {
  readonly near = openMemoryDirectory()
  /** How many addresses went together. */
  readonly asked: number[] = []
  readonly scram: unknown[] = []
  readonly far: Directory
  readonly #channel: RpcChannel
  #server: RpcServer
  readonly #address: string

  private constructor(server: RpcServer, address: string, clock: Clock) {
    this.#server = server
    this.#address = address
    this.#channel = new RpcChannel({ address })
    this.far = openRemoteDirectory({ channel: this.#channel, clock })
  }

  static async open(context: TestContext, clock: Clock = systemClock): Promise<Apart> {
    let apart: Apart | undefined
    const server = serverOf(() => apart!, '127.0.0.1:0')
    apart = new Apart(server, `127.0.0.1:${await server.listen()}`, clock)
    context.after(() => apart.close())
    await apart.near.AddDomain(domain('a.test'))
    await addAccount(apart.near, 'tim@a.test')
    return apart
  }

  /** It is told of changes: answers are at hand. */
  async heard(address = 'tim@a.test'): Promise<void> {
    for (;;) {
      await this.far.Resolve({ addresses: [address] })
      if (this.far.resolveNow(address) !== undefined) return
      await turn()
    }
  }

  async leave(): Promise<void> {
    await this.#server.close(AbortSignal.abort())
  }

  async comeBack(): Promise<void> {
    this.#server = serverOf(() => this, this.#address)
    await this.#server.listen()
  }

  async close(): Promise<void> {
    await this.far.close()
    this.#channel.close()
    await this.leave()
  }
}

function serverOf(apart: () => Apart, address: string): RpcServer {
  const offered = new Proxy({} as Directory, {
    get: (_, name: keyof Directory) => (request: never, signal: never) => {
      if (name === 'Resolve') apart().asked.push((request as { addresses: string[] }).addresses.length)
      if (name === 'ScramOutcome') apart().scram.push(request)
      return (apart().near[name] as (request: never, signal: never) => unknown)(request, signal)
    },
  })
  return new RpcServer({ address, offers: [directoryOffer(offered)], bug: () => {} })
}

const verdictOf = async (directory: Directory, address: string): Promise<Verdict> =>
  (await directory.Resolve({ addresses: [address] })).resolutions[0]!.verdict

test('what was asked a moment ago is at hand, until it changes, whoever changes it', async (context) => {
  const apart = await Apart.open(context)
  await apart.heard()
  await apart.far.SenderAllowed({ account: 'tim@a.test', address: 'tim@a.test' })
  assert.equal(apart.far.senderAllowedNow('tim@a.test', 'tim@a.test'), true)
  await apart.near.RemoveAccount({ address: 'tim@a.test' })
  while (apart.far.resolveNow('tim@a.test') !== undefined) await turn()
  assert.equal(apart.far.senderAllowedNow('tim@a.test', 'tim@a.test'), undefined)
  assert.equal(await verdictOf(apart.far, 'tim@a.test'), Verdict.NO_SUCH_USER)
})

test('look-ups of one turn of the event loop are one question, each address once', async (context) => {
  const apart = await Apart.open(context)
  await Promise.all([
    ...Array.from({ length: 50 }, (_, n) => verdictOf(apart.far, `user${n}@a.test`)),
    ...Array.from({ length: 50 }, () => verdictOf(apart.far, 'tim@a.test')),
  ])
  assert.deepEqual(apart.asked, [51])
  apart.asked.length = 0
  const { together } = REMOTE_DIRECTORY_LIMITS
  await Promise.all(Array.from({ length: together + 1 }, (_, n) => verdictOf(apart.far, `new${n}@a.test`)))
  assert.deepEqual(new Set(apart.asked), new Set([together, 1]))
})

test('while it is away, who was accepted is accepted for a while; all else has to wait', async (context) => {
  const clock = new ManualClock()
  const apart = await Apart.open(context, clock)
  await apart.heard()
  await verdictOf(apart.far, 'nobody@a.test')
  assert.equal(
    (await apart.far.Authenticate({ login: 'tim@a.test', password: 'secret' })).account,
    'tim@a.test',
  )
  await apart.leave()
  while (apart.far.resolveNow('tim@a.test') !== undefined) await turn()
  const away = { name: 'DirectoryError', fault: 'unavailable' }
  assert.equal(await verdictOf(apart.far, 'tim@a.test'), Verdict.ACCEPT)
  await assert.rejects(verdictOf(apart.far, 'nobody@a.test'), away)
  await assert.rejects(apart.far.Resolve({ addresses: ['tim@a.test', 'eve@a.test'] }), away)
  await assert.rejects(apart.far.Authenticate({ login: 'tim@a.test', password: 'secret' }), away)
  clock.advance(REMOTE_DIRECTORY_LIMITS.away - 1)
  assert.equal(await verdictOf(apart.far, 'tim@a.test'), Verdict.ACCEPT)
  clock.advance(1)
  await assert.rejects(verdictOf(apart.far, 'tim@a.test'), away)
})

test('when it comes back it is heard again, and what changed meanwhile is known', async (context) => {
  const apart = await Apart.open(context)
  await apart.heard()
  await apart.leave()
  while (apart.far.resolveNow('tim@a.test') !== undefined) await turn()
  await apart.near.RemoveAccount({ address: 'tim@a.test' })
  await apart.comeBack()
  for (;;) {
    const known = apart.far.resolveNow('tim@a.test')
    if (known !== undefined) {
      assert.equal(known.verdict, Verdict.NO_SUCH_USER)
      return
    }
    await verdictOf(apart.far, 'tim@a.test').catch(() => undefined)
    await turn()
  }
})

test('what came of a login by keys is told to the directory, which counts the guesses', async (context) => {
  const apart = await Apart.open(context)
  apart.far.scramOutcome('tim@a.test', false, '192.0.2.7')
  while (apart.scram.length === 0) await turn()
  assert.deepEqual(apart.scram, [{ login: 'tim@a.test', right: false, peer: '192.0.2.7' }])
})
