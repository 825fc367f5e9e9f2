import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

import { exampleConfig, resolveConfig, settingsOf, type ConfigSources } from '@cartero/agent/config'

import { definition, type CarteroConfig } from './config.ts'
import { rules, warnings } from './config-rules.ts'

const file = (text: string): ConfigSources => ({ file: { name: 'cartero.yaml', text } })

async function configOf(text: string): Promise<CarteroConfig> {
  return (await resolveConfig(definition, file(text), rules)).config
}

test('an empty file is a working system on the well-known ports', async () => {
  const { listen, data, smtp } = await configOf('')
  assert.deepEqual(listen.mx, [{ host: '', port: 25 }])
  assert.deepEqual(listen.http, [{ host: '127.0.0.1', port: 8080 }])
  assert.equal(data, '/var/lib/cartero')
  assert.equal(smtp.messageSize, 50_000_000)
})

test('the example file is the default configuration, and every line of it can be uncommented', async () => {
  const example = exampleConfig(definition)
  assert.deepEqual(await configOf(example), await configOf(''))
  const uncommented = example.replaceAll(/^( *)#(?=\w+:)/gm, '$1')
  const { settings } = await resolveConfig(definition, file(uncommented), rules)
  assert.deepEqual(
    settings.filter(({ source }) => source !== 'file').map(({ key }) => key),
    [],
  )
})

test('every example can be written instead of the default that stands below it', async () => {
  const shown = /^( *)# For example: (.+(?:\n *# .+)*)\n *#(\w+): .*$/gm
  const written = exampleConfig(definition)
    .replaceAll(
      shown,
      (_, indent: string, value: string, key: string) =>
        `${indent}${key}: ${value.replaceAll(/\n *# /g, ' ')}`,
    )
    .replaceAll(/^( *)#(?=\w+:)/gm, '$1')
  const { config } = await resolveConfig(definition, file(written), rules)
  assert.deepEqual(config.smtp.relayNetworks, ['192.0.2.0/28', '2001:db8:1::/64'])
  assert.deepEqual(config.smtp.submission.networks, ['192.0.2.0/24'])
  assert.equal(config.auth.oauth.audience, 'mail.example.org')
  assert.equal(config.tls.certificates.length, 1)
  assert.deepEqual(config.lmtp.trusted, ['127.0.0.1', '192.0.2.8/29'])
  for (const list of [config.smtp.proxies, config.smtp.proxyProtocol, config.imap.proxyProtocol])
    assert.equal(list.length, 1)
})

test('every key is documented in whole sentences', () => {
  for (const { key, setting } of settingsOf(definition)) {
    assert.match(setting.doc, /^[A-Z].{10,}\.$/, key)
    assert.ok(
      setting.default !== undefined || setting.example !== undefined,
      `${key} has neither default nor example`,
    )
  }
})

test('no README tells an operator of a key that is not there', () => {
  const keys = settingsOf(definition).map(({ key }) => key)
  const root = new URL('../../../', import.meta.url)
  const readmes = ['apps/cartero', 'apps/msa', 'apps/mta', 'apps/mda', 'libs/spool', 'libs/smtp', '.']
  for (const folder of readmes) {
    const text = readFileSync(new URL(`${folder}/README.md`, root), 'utf8')
    for (const [, written] of text.matchAll(
      /`((?:smtp|submission|lmtp|listen|tls)\.[A-Za-z.]+)(?:\.\*)?`/g,
    )) {
      if (written!.endsWith('.ts')) continue
      const name = written!.replace(/^submission\./, 'smtp.submission.')
      assert.ok(
        keys.some((key) => key === name || key.startsWith(`${name}.`)),
        `${folder}/README.md: ${name}`,
      )
    }
  }
})

test('a certificate without its key is refused before anything is opened', async () => {
  await assert.rejects(configOf('tls:\n  certificate: /c.pem\n'), {
    message: 'cartero.yaml:2:16: tls.certificate: is of no use without tls.key\n  fix: set tls.key, too',
  })
})

test('certificates for other names are pairs, and one without its key is refused with its place', async () => {
  const { tls } = await configOf('tls:\n  certificates:\n    - { certificate: /c.pem, key: /k.pem }\n')
  assert.deepEqual(tls.certificates, [{ certificate: '/c.pem', key: '/k.pem' }])
  await assert.rejects(configOf('tls:\n  certificates:\n    - certificate: /c.pem\n'), {
    message:
      /^cartero\.yaml:3:7: tls\.certificates\[0\]\.key: is missing; it takes a path\n {2}fix: write for example key: \/\S+$/,
  })
})

test('two doors on one port are refused with the places of both', async () => {
  await assert.rejects(configOf('listen:\n  imap: ":143"\n  imaps: [":143"]\n'), {
    message:
      'cartero.yaml:3:10: listen.imaps: :143 is taken by listen.imap\n  fix: give each door a port of its own',
  })
})

test('who looks for accounts or domains in the file is told where they live', async () => {
  await assert.rejects(
    configOf('domains: [example.org]\n'),
    /domains: it does not belong here\n {2}fix: .*cartero domain add/,
  )
  await assert.rejects(configOf('directory: { accounts: [] }\n'), /cartero account add/)
})

test('a door can be closed', async () => {
  const { listen } = await configOf('listen: { imap: [], submission: [] }')
  assert.deepEqual([listen.imap, listen.submission], [[], []])
})

test('a key in snake_case is taken, and two spellings of one are not', async () => {
  const { smtp } = await configOf('smtp: { obsolete_verbs: true, relay_networks: 192.0.2.0/28 }')
  assert.deepEqual([smtp.obsoleteVerbs, smtp.relayNetworks], [true, ['192.0.2.0/28']])
  await assert.rejects(configOf('smtp: { obsolete_verbs: true, obsoleteVerbs: false }'), /the same key/)
})

test('nobody becomes an open relay by a network of everybody', async () => {
  for (const everybody of ['0.0.0.0/0', '::/0']) {
    await assert.rejects(configOf(`smtp: { relayNetworks: ["${everybody}"] }`), /open relay/)
    await assert.rejects(configOf(`smtp: { proxies: ["${everybody}"] }`), /open relay/)
  }
})

test('nobody delivers into mailboxes by a network of everybody', async () => {
  await configOf('lmtp: { trusted: [0.0.0.0/0] }')
  await assert.rejects(
    configOf('listen: { lmtp: 127.0.0.1:24 }\nlmtp: { trusted: [0.0.0.0/0] }'),
    /lmtp\.trusted.*everybody/,
  )
})

test('a network with bits of a host is refused, for it may be meant either way', async () => {
  await assert.rejects(configOf('smtp: { relayNetworks: [192.0.2.1/24] }'), /smtp\.relayNetworks/)
})

test('whom to refuse is read with how, and what is neither network nor name is not read at all', async () => {
  const { smtp } = await configOf(
    'smtp: { refuse: { networks: [192.0.2.0/24, 198.51.100.7 4xx], senders: [.Spam.example, tim@x.example 5xx] } }',
  )
  assert.deepEqual(smtp.refuse.networks, [
    { network: '192.0.2.0/24', severity: 'permanent' },
    { network: '198.51.100.7', severity: 'temporary' },
  ])
  assert.deepEqual(smtp.refuse.senders, [
    { name: '.spam.example', severity: 'permanent' },
    { name: 'tim@x.example', severity: 'permanent' },
  ])
  for (const senders of ['a b c', 'x.example 3xx', '@', 'tim@'])
    await assert.rejects(
      configOf(`smtp: { refuse: { senders: ["${senders}"] } }`),
      /smtp\.refuse\.senders/,
      senders,
    )
})

test('domains are expanded only when it is said how', async () => {
  await assert.rejects(configOf('smtp: { submission: { unqualifiedDomains: expand } }'), /qualifyWith/)
  await configOf('smtp: { submission: { unqualifiedDomains: expand, qualifyWith: example.org } }')
})

test('an issuer of tokens is named whole or not at all, and its keys do not come in the clear', async () => {
  await assert.rejects(
    configOf('auth: { oauth: { issuer: https://id.example } }'),
    /auth\.oauth\.issuer: is of no use without auth\.oauth\.jwks and auth\.oauth\.audience/,
  )
  const issuer = (jwks: string): string =>
    `auth: { oauth: { issuer: https://id.example, audience: mail, jwks: "${jwks}" } }`
  for (const host of ['id.example', '127.id.example', 'localhost.id.example'])
    await assert.rejects(
      configOf(issuer(`http://${host}/keys`)),
      /auth\.oauth\.jwks: keys must not come in the clear/,
    )
  await configOf(issuer('https://id.example/keys'))
  await configOf(issuer('http://127.0.0.1:1/keys'))
})

test('CRAM-MD5 is off until somebody asks for it, who is then warned', async () => {
  const usual = await configOf('')
  assert.ok(usual.auth.mechanisms.includes('LOGIN'))
  assert.ok(!usual.auth.mechanisms.includes('CRAM-MD5'))
  assert.deepEqual([...warnings(usual)], [])
  const asked = await configOf('auth: { mechanisms: [PLAIN, CRAM-MD5] }')
  assert.match([...warnings(asked)].join(), /CRAM-MD5 is on/)
})

test('a rule that names a route that is not there is refused with its place', async () => {
  await assert.rejects(
    configOf('routes: [{ name: a, hosts: h.example }]\nrouting: [{ match: x.example, via: b }]'),
    /^ConfigError: cartero\.yaml:2:10: routing: the rule for x\.example names the route b/,
  )
  const { routes, routing } = await configOf(
    'routes: [{ name: a, hosts: [h.example, "[2001:DB8::1]:24", 192.0.2.1:587] }]\nrouting: [{ match: .x.example, via: a }]',
  )
  assert.deepEqual(routes[0]!.hosts, [
    { host: 'h.example' },
    { host: '2001:db8::1', port: 24 },
    { host: '192.0.2.1', port: 587 },
  ])
  assert.deepEqual(routing, [{ match: '.x.example', via: 'a' }])
})

test('rules and routes that contradict each other, or say nothing, are refused', async () => {
  const route = '{ name: a, hosts: h.example }'
  for (const [text, expected] of [
    [`routes: [${route}, ${route}]`, /routes: there are two routes called a/],
    ['routes: [{ name: a, hosts: [] }]', /a has no hosts/],
    ['routing: [{ match: x.example, tls: verify }, { match: X.example, tls: none }]', /routing: .*two rules/],
    ['routing: [{ match: x.example }]', /says nothing/],
    ['routes: [{ name: a, hosts: h.example, username: me }]', /belong together/],
    ['routes: [{ name: a, hosts: h.example, username: me, password: {}, tls: verify }]', /lies in one place/],
    [
      'routes: [{ name: a, hosts: h.example, username: me, password: { env: P }, tls: encrypt }]',
      /certificate is verified/,
    ],
    ['relay: { sourceAddresses: [192.0.2.1, 192.0.2.2] }', /are both IPv4/],
    ['relay: { retry: { waits: [] } }', /without a wait/],
  ] as const)
    await assert.rejects(configOf(text), expected, text)
})

test('a route that leads back to our own doors is refused, and one to a neighbour is not', async () => {
  for (const route of [
    'hosts: localhost',
    'hosts: "127.0.0.2:587"',
    'hosts: "[::1]:465"',
    'hosts: Mail.Example.org',
    'hosts: [h.example, "192.0.2.1:2525"]',
    'hosts: mail.example.org, implicitTls: true',
    'hosts: "127.0.0.1", protocol: lmtp',
  ])
    await assert.rejects(
      configOf(
        'hostname: mail.example.org\nlisten: { mx: [":25", "192.0.2.1:2525"], lmtp: "127.0.0.1:24" }\n' +
          `routes: [{ name: home, ${route} }]`,
      ),
      /routes: home: .* a door of this system/,
      route,
    )
  const elsewhere = ['localhost:2525', '127.0.0.2', '192.0.2.2:2525', 'mx.example.org', 'mail.example.org:26']
  await configOf(
    'hostname: mail.example.org\nlisten: { mx: ["127.0.0.1:25", "192.0.2.1:2525"] }\n' +
      `routes: [{ name: near, hosts: [${elsewhere.map((host) => `"${host}"`).join()}] }]`,
  )
  await configOf('routes: [{ name: theirs, hosts: localhost, mx: true }]')
})

test('what would hardly be meant of the way out is told, and passes', async () => {
  for (const [text, expected] of [
    ['relay: { retry: { waits: [10m, 1m] } }', /wait 2 is shorter/],
    ['relay: { retry: { waits: [2h] } }\nspool: { giveUpAfter: 1h, delayNoticeAfter: 1m }', /a second time/],
    ['spool: { giveUpAfter: 4h }', /nobody is ever told/],
    ['routes: [{ name: a, hosts: ["h.example:465"] }]', /implicitTls/],
  ] as const) {
    const told = [...warnings(await configOf(text))]
    assert.equal(told.length, 1, told.join())
    assert.match(told[0]!, expected)
  }
  const right =
    'relay: { retry: { waits: [1m, 1m, 5m] } }\nroutes: [{ name: a, hosts: "h.example:465", implicitTls: true }]'
  assert.deepEqual([...warnings(await configOf(right))], [])
})

test('a password of a route is never in the configuration, so that it can be shown, and not in what is said of it', async () => {
  const route = 'name: a, hosts: h.example, username: me'
  for (const password of ['password: hunter2', 'passwort: hunter2', 'password: { text: hunter2 }'])
    await assert.rejects(configOf(`routes: [{ ${route}, ${password} }]`), (error) => {
      assert.match(String(error), /routes\[0\]\.passwor[dt]/)
      assert.doesNotMatch(String(error), /hunter2/)
      return true
    })
})

test('a misspelt part of a route is told as a misspelt key is', async () => {
  await assert.rejects(configOf('routes:\n  - { name: a, host: h.example }\n'), {
    message: 'cartero.yaml:2:22: routes[0].host: there is no such key\n  fix: did you mean hosts?',
  })
})
