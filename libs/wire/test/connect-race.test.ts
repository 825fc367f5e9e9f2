import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { ManualClock } from '@cartero/wire'
import {
  ATTEMPT_DELAY_MS,
  CONNECT_LIMIT_MS,
  dial,
  DialError,
  MAX_ADDRESSES,
  type Connected,
  type DialOptions,
} from '@cartero/wire/node'
import { EchoMachine } from './echo-machine.ts'
import { silentHost, type SilentHost } from './silent-host.ts'
import { turns } from './sockets.ts'

const [SILENT, OPEN, CLOSED] = ['127.0.0.3', '127.0.0.2', '127.0.0.4'] as const
const clock = new ManualClock()
let silent: SilentHost
const accepted: Socket[] = []
const open = createServer((socket) => accepted.push(socket.on('error', () => {})))

/** How many sockets of this process are on their way to somebody. */
function onTheWay(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === 'ConnectWrap').length
}

function call(addresses: readonly string[], more: Partial<DialOptions> = {}): Promise<Connected> {
  const { promise, resolve, reject } = Promise.withResolvers<Connected>()
  const role = (connected: Connected): { machine: EchoMachine; decide: () => string } => {
    resolve(connected)
    return { machine: new EchoMachine('hello'), decide: () => '' }
  }
  const signal = AbortSignal.any([more.signal ?? new AbortController().signal, over.signal])
  const where = { host: 'mx.example', addresses, port: silent.port }
  dial({ ...where, clock, role, ...more, signal }).catch(reject)
  return promise
}

async function failure(calling: Promise<Connected>): Promise<DialError> {
  const error: unknown = await calling.then(
    () => assert.fail('it connected'),
    (reason: unknown) => reason,
  )
  assert.ok(error instanceof DialError, String(error))
  return error
}

const over = new AbortController()

describe('of several addresses of a host', () => {
  before(async () => {
    silent = await silentHost(SILENT)
    await once(open.listen(silent.port, OPEN), 'listening')
  })
  after(() => {
    over.abort()
    open.close()
    for (const socket of accepted) socket.destroy()
    silent.stop()
  })

  test('the first that connects is used, and those before it that fail cost no time', async () => {
    const { remoteAddress } = await call([CLOSED, OPEN])
    assert.equal(remoteAddress, OPEN)
  })

  test('ATTEMPT_DELAY_MS: one that is silent is overtaken by the next, not before its time, and then left', async () => {
    const calling = call([SILENT, OPEN])
    const before = accepted.length
    clock.advance(ATTEMPT_DELAY_MS - 1)
    await turns(20)
    assert.equal(accepted.length, before)
    assert.equal(onTheWay(), 1)
    clock.advance(1)
    assert.equal((await calling).remoteAddress, OPEN)
    await turns(2)
    assert.equal(onTheWay(), 0)
  })

  test('a failure makes room for the next at once, while another is still on its way', async () => {
    const calling = call([SILENT, CLOSED, OPEN])
    clock.advance(ATTEMPT_DELAY_MS)
    assert.equal((await calling).remoteAddress, OPEN)
    await turns(2)
    assert.equal(onTheWay(), 0)
  })

  test('each that failed is told, with its reason, and the peer is blamed where it can be', async () => {
    const error = await failure(call(['127.0.0.5', CLOSED], { localAddresses: ['192.0.2.1'] }))
    assert.deepEqual([error.stage, error.fault, error.code], ['connect', 'operator', 'EADDRNOTAVAIL'])
    const calling = call([CLOSED, '127.0.0.5'])
    const { code, fault, attempts, message } = await failure(calling)
    assert.deepEqual([code, fault], ['ECONNREFUSED', 'peer'])
    assert.deepEqual(attempts, [
      { address: CLOSED, code: 'ECONNREFUSED' },
      { address: '127.0.0.5', code: 'ECONNREFUSED' },
    ])
    assert.match(message, /^cannot connect to mx\.example port \d+: 127\.0\.0\.4: .*; 127\.0\.0\.5: /)
  })

  test('CONNECT_LIMIT_MS: all together are given up', async () => {
    const calling = failure(call([SILENT, CLOSED]))
    clock.advance(ATTEMPT_DELAY_MS)
    await turns(20)
    clock.advance(CONNECT_LIMIT_MS - ATTEMPT_DELAY_MS)
    const { code, attempts } = await calling
    assert.equal(code, 'ECONNREFUSED')
    assert.deepEqual(
      attempts.map((one) => `${one.address} ${one.code}`),
      [`${CLOSED} ECONNREFUSED`, `${SILENT} ETIMEDOUT`],
    )
    await turns(2)
    assert.equal(onTheWay(), 0)
  })

  test('MAX_ADDRESSES: what stands behind so many is left', async () => {
    const many = Array.from({ length: MAX_ADDRESSES }, () => CLOSED)
    const { attempts } = await failure(call([...many, OPEN]))
    assert.equal(attempts.length, MAX_ADDRESSES)
    const { remoteAddress } = await call([...many.slice(1), OPEN])
    assert.equal(remoteAddress, OPEN)
  })

  test('each is called from our address of its family', async () => {
    const { localAddress } = await call([OPEN], { localAddresses: ['2001:db8::1', '127.0.0.9', '127.0.0.8'] })
    assert.equal(localAddress, '127.0.0.9')
    const onlyOther = await call([OPEN], { localAddresses: ['2001:db8::1'] })
    assert.match(onlyOther.localAddress, /^127\./)
  })

  test('none is there, and that is said', async () => {
    const { code, message } = await failure(call([]))
    assert.equal(code, 'ENOTFOUND')
    assert.match(message, /it has no address$/)
  })

  test('the caller may leave while some are on their way', async () => {
    const leaving = new AbortController()
    const calling = failure(call([SILENT, SILENT], { signal: leaving.signal }))
    clock.advance(ATTEMPT_DELAY_MS)
    await turns(2)
    assert.equal(onTheWay(), 2)
    leaving.abort()
    assert.equal((await calling).fault, 'caller')
    await turns(2)
    assert.equal(onTheWay(), 0)
  })

  test('an address of ours that is none is told to whoever gave it', async () => {
    await assert.rejects(call([OPEN], { localAddresses: ['nonsense'] }), TypeError)
  })
})
