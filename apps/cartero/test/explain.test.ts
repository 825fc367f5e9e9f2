// What `cartero explain` tells of an address: who has it here, or which way its mail would go.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { CarteroProcess } from '@cartero/testkit'
import type { Explanation } from '../src/explain-verbs.ts'
import { cartero, temporaryFolder, type Answer } from './cartero-command.ts'

let system: CarteroProcess
const folder: { remove: () => void } = { remove: () => undefined }

const SECRET = 'hush-hush'
const CONFIG = `
hostname: mail.host.example
dns: { servers: ["127.0.0.1:1"], patience: 100ms, rounds: 1 }
relay: { loopback: true, mode: send, messagesPerMinute: 60, tls: { minimum: verify } }
routes:
  - { name: partner, hosts: ["127.0.0.1:2", "127.0.0.2:2"], tls: encrypt, connections: 3 }
  - { name: silent, hosts: ["127.0.0.1:2"] }
  - { name: provider, hosts: ["127.0.0.1:2"], tls: verify, username: us, password: { env: PROVIDER_SECRET } }
routing:
  - { match: partner.example, via: partner }
  - { match: silent.example, via: silent }
  - { match: nobody.example, via: refuse }
  - { match: login.example, via: provider }
`

before(async () => {
  const file = join(
    temporaryFolder({ after: (remove) => void (folder.remove = remove as () => void) }),
    'c.yaml',
  )
  writeFileSync(file, CONFIG)
  system = await CarteroProcess.start({ args: ['--config', file], env: { PROVIDER_SECRET: SECRET } })
})
after(async () => {
  await system[Symbol.asyncDispose]()
  folder.remove()
})

const on = (...words: string[]): Promise<Answer> => cartero([...words, '--data', system.data])

async function explained(address: string): Promise<Explanation> {
  const { code, out, err } = await on('explain', address, '-o', 'json')
  assert.equal(code, 0, err)
  return JSON.parse(out) as Explanation
}

test('who has an address here is told, and who has not', async () => {
  assert.deepEqual(await explained('Bob+lists@cartero.test'), {
    address: 'bob+lists@cartero.test',
    conclusions: ['would be delivered to the mailbox bob@cartero.test'],
    verdict: 'mailbox',
    mailboxes: [{ account: 'bob@cartero.test', detail: 'lists' }],
    customers: [],
    ways: [],
  })
  assert.equal((await explained('nobody@cartero.test')).verdict, 'noSuchUser')
  const { out } = await on('explain', 'nobody@cartero.test')
  assert.match(
    out,
    /^mail for nobody@cartero\.test would be refused at RCPT: 550 5\.1\.1 No such mailbox here\n/,
  )
  assert.match(out, /is refused: the domain is ours/)
})

test('a route is told with its hosts, TLS and limits, and a rule that refuses', async () => {
  const { verdict, ways } = await explained('tim@partner.example')
  assert.equal(verdict, 'rule')
  const [way] = ways
  assert.deepEqual([way!.destination, way!.by, way!.mode], ['via partner', 'rule', 'send'])
  assert.deepEqual(way!.limits, { connections: 3, messagesPerMinute: 60 })
  const { hosts } = way!
  assert.deepEqual(hosts?.kind === 'hosts' && hosts.hosts.map(({ addresses, port }) => [addresses, port]), [
    [['127.0.0.1'], 2],
    [['127.0.0.2'], 2],
  ])
  assert.deepEqual(way!.tls?.hosts, ['TLS, with any certificate', 'TLS, with any certificate'])
  const { out } = await on('explain', 'tim@partner.example')
  assert.match(out, /^mail for tim@partner\.example would be sent to 127\.0\.0\.1 port 2 under TLS\n/)
  assert.match(
    out,
    /for tim@partner\.example: by the route partner, because of the rule for partner\.example\n {2}127\.0\.0\.1 is an address/,
  )
  assert.match(out, /^ {2}host 127\.0\.0\.1:2: 127\.0\.0\.1\n {4}TLS, with any certificate$/m)
  const refused = (await on('explain', 'tim@nobody.example')).out
  assert.match(
    refused,
    /^mail for tim@nobody\.example would be given back at once: a rule lets nobody write there/,
  )
  assert.match(refused, /nobody may write there, because of the rule for nobody\.example/)
})

test('a route that says nothing of TLS is told with the minimum of all', async () => {
  const { ways } = await explained('tim@silent.example')
  assert.deepEqual(ways[0]!.tls?.hosts, ['TLS, with a certificate for 127.0.0.1'])
})

test('a route that logs in says as whom, and never with which password', async () => {
  const { out } = await on('explain', 'tim@login.example')
  assert.match(
    out,
    /^mail for tim@login\.example would be sent to 127\.0\.0\.1 port 2 under TLS \(verified\), logged in as us\n/,
  )
  assert.match(out, /\n {2}the route logs in as us\n/)
  assert.ok(!`${out}${JSON.stringify(await explained('tim@login.example'))}`.includes(SECRET))
})

test('the postmaster of this host is ours, whatever domains there are', async () => {
  const told = await explained('Postmaster@mail.host.example')
  assert.deepEqual([told.rewritten, told.verdict, told.ways], ['postmaster', 'mailbox', []])
  assert.match(told.conclusions[0]!, /^would be delivered to the mailbox .+@cartero\.test$/)
  assert.equal((await explained('tim@mail.host.example')).verdict, 'notOurs')
})

test('capitals before the @ are kept where somebody else has to say what they mean', async () => {
  for (const [written, told] of [
    ['Tim@Partner.Example', 'Tim@partner.example'],
    ['Tim.Tall@Elsewhere.Example', 'Tim.Tall@elsewhere.example'],
  ] as const) {
    const { address, ways } = await explained(written)
    assert.deepEqual([address, ways[0]!.recipient], [told, told])
  }
})

test('a DNS that does not answer is told, and no conclusion is drawn from it', async () => {
  const { ways } = await explained('tim@elsewhere.example')
  const { hosts } = ways[0]!
  assert.equal(hosts?.kind, 'none')
  assert.match(hosts?.kind === 'none' ? hosts.status : '', /^4\./)
  const { out } = await on('explain', 'tim@elsewhere.example')
  assert.match(out, /^mail for tim@elsewhere\.example would wait: 4\.4\.3 the DNS does not say now/)
  assert.doesNotMatch(out, /is sent/)
})

test('what waits there is told, with why and until when', async () => {
  await cartero(['sendmail', '--data', system.data, 'tim@elsewhere.example'], { input: '\nx\n' })
  for (let i = 0; i < 100; i++) {
    const [way] = (await explained('tom@elsewhere.example')).ways
    if (way!.waiting?.reason === undefined) continue
    assert.equal(way!.waiting.deliveries, 1)
    assert.ok(way!.waiting.nextTry! > Date.now())
    assert.match(
      (await on('explain', 'tom@elsewhere.example')).out,
      /waiting: 1 delivery, \d+ octets, next try in/,
    )
    return
  }
  assert.fail(system.output)
})

test('an alias that leads elsewhere is followed', async () => {
  const words = ['alias', 'add', 'out@cartero.test', 'tim@partner.example', 'bob@cartero.test']
  assert.equal((await on(...words)).code, 0)
  const { mailboxes, ways } = await explained('out@cartero.test')
  assert.deepEqual(mailboxes, [{ account: 'bob@cartero.test' }])
  assert.deepEqual(
    ways.map(({ recipient, destination }) => [recipient, destination]),
    [['tim@partner.example', 'via partner']],
  )
})

test('what is no address ends with 2, and a stopped system cannot be asked', async (context) => {
  assert.equal((await on('explain', 'no address')).code, 2)
  const { code, err } = await cartero(['explain', 'a@b.example', '--data', temporaryFolder(context)])
  assert.equal(code, 1)
  assert.match(err, /is stopped: start it/)
})
