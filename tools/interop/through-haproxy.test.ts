// HAProxy in front of our MX port tells who connects, by the PROXY protocol: the trace names the client, not the proxy.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { CarteroProcess, freePortBase } from '@cartero/testkit'
import { HAPROXY, startHaproxy, type Haproxy, type HaproxyDoor } from './haproxy.ts'
import { lettersOf } from './inbox.ts'
import { text } from './letters.ts'
import { letter, send } from './our-client.ts'
import { until } from './peer.ts'

const CLIENT = '127.0.0.77'

const lacking = HAPROXY === undefined && 'HAProxy is not there (tools/interop/install-peers.sh)'

describe('HAProxy in front of us', { skip: lacking, timeout: 60_000 }, () => {
  let cartero: CarteroProcess
  let haproxy: Haproxy
  let doors: readonly HaproxyDoor[]

  before(async () => {
    cartero = await CarteroProcess.start({ env: { CARTERO_SMTP__PROXY_PROTOCOL: '127.0.0.1' } })
    const base = await freePortBase()
    doors = [
      { name: 'v1', port: base + 24, says: 'send-proxy' },
      { name: 'v2', port: base + 25, says: 'send-proxy-v2' },
      { name: 'v2-more', port: base + 80, says: 'send-proxy-v2 proxy-v2-options crc32c,unique-id' },
    ]
    haproxy = await startHaproxy(doors, cartero.port(25))
  })
  after(async () => {
    await haproxy?.[Symbol.asyncDispose]()
    await cartero?.[Symbol.asyncDispose]()
  })

  test('its own checks, which speak for nobody, find us well', async () => {
    const all = JSON.stringify({ v1: 'L7OK', v2: 'L7OK', 'v2-more': 'L7OK' })
    let seen = ''
    await until(
      `${all} by the checks`,
      async () => {
        seen = JSON.stringify(await haproxy.states().catch(String))
        return seen === all ? true : undefined
      },
      () => `${seen}\n${haproxy.log()}\n${cartero.output.slice(-2_000)}`,
    )
  })

  for (const [i, name] of ['version 1', 'version 2', 'version 2 with checksum and identifier'].entries()) {
    test(`a letter by ${name} is traced to the client, also under TLS`, async () => {
      for (const startTls of ['off', 'required'] as const) {
        const { name: mark, octets } = text(['through a proxy'])
        const one = letter({ to: ['bob@cartero.test'], content: octets })
        const sent = await send(doors[i]!.port, [one], { startTls, localAddress: CLIENT })
        assert.equal(sent.outcomes[0]![0]?.kind, 'delivered', JSON.stringify(sent.ending))
        const [found] = await lettersOf(cartero, 'bob', mark)
        assert.match(found!.trace, /^Received: from client\.test \(\[127\.0\.0\.77\]\)/m)
        assert.deepEqual(found!.octets, octets)
      }
    })
  }
})
