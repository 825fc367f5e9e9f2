import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

import { resolveConfig } from '@cartero/agent/config'
import { MOST_PROVIDERS } from '@cartero/odmr-agent/customer'

import { definition, type CarteroConfig } from './config.ts'
import { rules, warnings } from './config-rules.ts'
import { MOST_CONFIGURED_PROVIDERS } from './odmr-rules.ts'
import { customerSettings, odmrSettings } from './odmr-settings.ts'

async function configOf(text: string): Promise<CarteroConfig> {
  return (await resolveConfig(definition, { file: { name: 'cartero.yaml', text } }, rules)).config
}

const edge = 'provider: edge, host: edge.example, username: fetch@edge.example'
const fetching = (...providers: readonly string[]): string =>
  `odmr: { fetch: [${providers.map((provider) => `{ ${provider} }`).join()}] }`

test('nothing is opened and nobody is called that no operator named', async () => {
  const config = await configOf('')
  assert.deepEqual(odmrSettings(config).listen, [])
  assert.deepEqual(customerSettings(config).providers, [])
  const { isTurnAllowed, allowClearCramMd5 } = odmrSettings(config)
  assert.deepEqual([isTurnAllowed, allowClearCramMd5], [false, false])
})

test('doors with STARTTLS and doors under TLS are told apart', async () => {
  const { listen } = odmrSettings(await configOf('listen: { odmr: ":366", odmrs: "127.0.0.1:367" }'))
  assert.deepEqual(listen, [
    { host: '', port: 366, implicitTls: false },
    { host: '127.0.0.1', port: 367, implicitTls: true, lineRecords: true },
  ])
})

test('a provider is called at its usual port, under verified TLS and on demand only, unless it is said otherwise', async () => {
  const read = (text: string) => async () => customerSettings(await configOf(text), () => 'secret').providers
  const [usual] = await read(fetching(`${edge}, password: { env: P }`))()
  assert.deepEqual(usual, {
    name: 'edge',
    host: 'edge.example',
    port: 366,
    domains: [],
    username: 'fetch@edge.example',
    password: 'secret',
    tls: 'starttls',
  })
  const [other] = await read(
    fetching(
      `${edge}, password: { env: P }, port: 2367, tls: implicit, every: 5m, domains: [Home.example, b.example]`,
    ),
  )()
  assert.deepEqual(
    [other!.port, other!.tls, other!.every, other!.domains],
    [2367, 'implicit', 300_000, ['home.example', 'b.example']],
  )
})

test('the password of a provider is read from its file, and one that is not there is told with whose it is', async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'cartero-odmr-'))
  context.after(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'edge')
  const config = await configOf(fetching(`${edge}, password: { file: ${file} }`))
  assert.throws(() => customerSettings(config), {
    name: 'OperatorError',
    message: /the password of the provider edge/,
  })
  writeFileSync(file, 'from a file\n')
  assert.equal(customerSettings(config).providers[0]!.password, 'from a file')
})

test('providers that contradict each other, that are ourselves, or that are half said are refused with the fix', async () => {
  const whole = `${edge}, password: { env: P }`
  for (const [text, expected] of [
    [fetching(whole, whole), /odmr\.fetch: there are two providers called edge/],
    [fetching(`${edge}, password: {}`), /edge: its password lies in one place\n {2}fix: write \{ file/],
    [fetching(`${edge}, password: { env: P, file: /p }`), /lies in one place/],
    [fetching(edge), /odmr\.fetch\[0\]\.password: is missing/],
    [
      fetching(`${whole}, evry: 5m`),
      /odmr\.fetch\[0\]\.evry: there is no such key\n {2}fix: did you mean every/,
    ],
    [fetching(`${whole}, every: 1s`), /odmr\.fetch\[0\]\.every/],
    [fetching(`${whole}, tls: maybe`), /odmr\.fetch\[0\]\.tls/],
    [fetching(`${whole}, domains: "not a domain"`), /odmr\.fetch\[0\]\.domains/],
    [fetching('provider: e, host: "a:b", username: u, password: { env: P }'), /odmr\.fetch\[0\]\.host/],
    [
      `listen: { odmr: ":366" }\n${fetching('provider: e, host: localhost, username: u, password: { env: P }')}`,
      /e: localhost, port 366, is a door of this system/,
    ],
    ['odmr: { customers: [] }', /cartero odmr add/],
    ['odmr: { keep: 1s }', /odmr\.keep/],
    ['odmr: { trun: true }', /odmr\.trun: there is no such key/],
  ] as const)
    await assert.rejects(configOf(text), expected, text)
})

test('who may have mail tried now is read with what he may ask for', async () => {
  const route = 'routes: [{ name: archive, hosts: h.example }]'
  const { smtp } = await configOf(
    `${route}\nsmtp: { etrn: { allow: [{ for: [Branch.example, "@north.example", "#archive"], networks: 192.0.2.7 }] } }`,
  )
  assert.deepEqual(smtp.etrn.allow, [
    {
      for: [
        { kind: 'domain', name: 'branch.example' },
        { kind: 'subdomains', name: 'north.example' },
        { kind: 'queue', name: 'archive' },
      ],
      networks: ['192.0.2.7'],
    },
  ])
  for (const [rule, expected] of [
    ['{ for: a.example }', /smtp\.etrn\.allow: nobody may ask for a\.example/],
    ['{ for: "#away", networks: 192.0.2.7 }', /there is no route away/],
    ['{ for: "a b", networks: 192.0.2.7 }', /smtp\.etrn\.allow\[0\]\.for/],
    ['{ for: a.example, accounts: tim }', /smtp\.etrn\.allow\[0\]\.accounts/],
  ] as const)
    await assert.rejects(configOf(`smtp: { etrn: { allow: [${rule}] } }`), expected, rule)
  const all = await configOf('smtp: { etrn: { allow: [{ for: a.example, networks: 0.0.0.0/0 }] } }')
  assert.match([...warnings(all)].join(), /anybody may have us call the hosts of a\.example/)
})

test('there are no more providers than the agent takes', async () => {
  assert.equal(MOST_CONFIGURED_PROVIDERS, MOST_PROVIDERS)
  const providers = Array.from(
    { length: MOST_PROVIDERS + 1 },
    (_, i) => `provider: e${i}, host: edge.example, username: u, password: { env: P }`,
  )
  await configOf(fetching(...providers.slice(1)))
  await assert.rejects(configOf(fetching(...providers)), /odmr\.fetch: there are 41 providers/)
})

test('a password of a provider is not in the configuration, and not in what is said of it', async () => {
  for (const password of ['password: hunter2', 'password: { text: hunter2 }'])
    await assert.rejects(configOf(fetching(`${edge}, ${password}`)), (error) => {
      assert.match(String(error), /odmr\.fetch\[0\]\.password/)
      assert.doesNotMatch(String(error), /hunter2/)
      return true
    })
})

test('whoever lets passwords and mail cross in the clear is told what that means', async () => {
  const none = await configOf(fetching(`${edge}, tls: none, password: { env: P }`))
  assert.match([...warnings(none)].join(), /odmr\.fetch: edge: without TLS/)
  const clear = await configOf('listen: { odmr: ":366" }\nodmr: { clearCramMd5: true }')
  assert.match([...warnings(clear)].join(), /odmr\.clearCramMd5: CRAM-MD5 is offered without TLS/)
  const right = await configOf(`listen: { odmr: ":366" }\n${fetching(`${edge}, password: { env: P }`)}`)
  assert.deepEqual([...warnings(right)], [])
})
