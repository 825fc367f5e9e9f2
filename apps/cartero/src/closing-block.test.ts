import assert from 'node:assert/strict'
import { test } from 'node:test'

import { closingBlock, type DevSystem } from './closing-block.ts'

const door = (port: number, host = '127.0.0.1'): readonly { host: string; port: number }[] => [{ host, port }]
const system: DevSystem = {
  listen: {
    mx: door(2025),
    submission: door(2587),
    submissions: door(2465),
    imap: door(2143),
    imaps: door(2993),
    lmtp: [],
    odmr: door(2366),
    odmrs: door(2367),
    http: door(2080),
  },
  files: { credentials: '/d/credentials.json', certificate: '/d/my tls/certificate.pem' },
  accounts: [
    { address: 'alice@cartero.test', password: 'aaa' },
    { address: 'bob@cartero.test', password: 'bbb' },
  ],
  odmr: [{ domain: 'home.test', address: 'fetch@home.test', password: 'ccc' }],
  added: ['alice@cartero.test', 'bob@cartero.test', 'fetch@home.test'],
  relay: 'hold',
  commands: {
    listing: ['npm', 'run', '-s', 'cartero', '--', 'queue', 'list', '--data', 'my mail'],
    customers: ['cartero', 'odmr', 'list'],
  },
  milliseconds: 812,
}

test('the first start shows commands that work when they are pasted', () => {
  const block = closingBlock(system)
  assert.match(
    block,
    /swaks --server 127\.0\.0\.1:2587 --tls --auth PLAIN --auth-user alice@cartero\.test --auth-password aaa /,
  )
  assert.match(
    block,
    /curl --cacert '\/d\/my tls\/certificate\.pem' --user bob@cartero\.test:bbb 'imaps:\/\/127\.0\.0\.1:2993\//,
  )
  assert.match(block, /ready \(0\.8 s\)/)
  assert.match(
    block,
    /mail to outside {5}is held in the queue until you release it: npm run -s cartero -- queue list --data 'my mail'\n/,
  )
})

test('the customer is shown with what waits for him, and with how he comes for it', () => {
  const block = closingBlock(system)
  assert.match(block, /customer {12}home\.test as fetch@home\.test {3}password ccc\n/)
  assert.match(block, /--to anybody@home\.test {3}# it waits: cartero odmr list\n/)
  assert.match(
    block,
    /-connect 127\.0\.0\.1:2367 .*AUTH PLAIN AGZldGNoQGhvbWUudGVzdABjY2M=, ATRN home\.test;/,
  )
})

test('a customer that an older system did not have is shown when he is new, and those before him are not', () => {
  const block = closingBlock({ ...system, added: ['fetch@home.test'] })
  assert.match(block, /accounts {12}alice@cartero\.test, bob@cartero\.test\n/)
  assert.match(block, /password ccc\n/)
  assert.doesNotMatch(block, /aaa|bbb/)
})

test('later starts show no password, only where it is', () => {
  const block = closingBlock({ ...system, added: [] })
  assert.doesNotMatch(block, /aaa|bbb|ccc|AGZl/)
  assert.match(block, /passwords {11}in \/d\/credentials\.json/)
  assert.match(
    block,
    /--auth-password "\$\(node -p "require\('\/d\/credentials\.json'\)\.accounts\[0\]\.password"\)"/,
  )
})

test('a system that listens everywhere is reached at home, and a closed door is said to be closed', () => {
  const block = closingBlock({
    ...system,
    listen: { ...system.listen, mx: door(25, ''), imaps: door(993, '::1'), http: [] },
  })
  assert.match(block, /smtp:\/\/127\.0\.0\.1:25\n/)
  assert.match(block, /imaps:\/\/\[::1\]:993\n/)
  assert.match(block, /http:\/\/\(closed\)/)
})
