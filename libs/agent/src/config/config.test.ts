import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'

import fc from 'fast-check'

import { certificateNeedsToken, sample } from '../../test/sample-config.ts'
import { didYouMean } from './did-you-mean.ts'
import {
  ConfigError,
  explainKey,
  exampleConfig,
  formatListenAddress,
  nearestKey,
  parseListenAddress,
  resolveConfig,
  Secret,
  showConfig,
} from './index.ts'

const file = (text: string): { file: { name: string; text: string } } => ({ file: { name: 'c.yaml', text } })

test('an empty file is a working configuration: every default is a valid value', async () => {
  for (const text of ['', '# nothing\n', '{}', 'smtp:\n']) {
    const { config } = await resolveConfig(sample, file(text))
    assert.deepEqual(config, {
      hostname: 'localhost',
      smtp: {
        listen: [{ host: '', port: 25 }],
        messageSize: 50_000_000,
        timeout: 300_000,
        sessions: 1_000,
        strict: true,
      },
      log: { level: 'info' },
      api: { token: undefined, certificate: undefined, callers: [] },
    })
  }
})

test('flag before environment before file before default', async () => {
  const sources = {
    ...file('hostname: from-file\nsmtp: { sessions: 1, timeout: 1m }\nlog: { level: warn }\n'),
    environment: {
      CARTERO_SMTP__SESSIONS: '2',
      CARTERO_SMTP__TIMEOUT: '2m',
      PATH: '/bin',
      CARTERO_PORT: 'tcp://x',
    },
    flags: { 'smtp.timeout': { flag: '--timeout', value: '3m' } },
    defaults: { hostname: 'from-host', 'smtp.messageSize': '1MB' },
  }
  const { config, settings } = await resolveConfig(sample, sources)
  assert.equal(config.log.level, 'warn')
  assert.equal(config.hostname, 'from-file')
  assert.equal(config.smtp.sessions, 2)
  assert.equal(config.smtp.timeout, 180_000)
  assert.equal(config.smtp.messageSize, 1_000_000)
  const where = Object.fromEntries(settings.map((setting) => [setting.key, setting.where]))
  assert.equal(where['hostname'], 'c.yaml:1:11')
  assert.equal(where['smtp.sessions'], 'CARTERO_SMTP__SESSIONS')
  assert.equal(where['smtp.timeout'], '--timeout')
  assert.equal(where['smtp.messageSize'], 'default')
})

test('a key in snake_case is the same key, and has one name', async () => {
  const resolved = await resolveConfig(sample, file('smtp:\n  message_size: 20MB\n'))
  assert.equal(resolved.config.smtp.messageSize, 20_000_000)
  assert.match(showConfig(resolved, { onlyChanged: true }), /^ {2}messageSize: 20MB$/m)
  assert.match(explainKey(resolved, 'smtp.message_size') ?? '', /^smtp\.messageSize\n/)
})

test('text of the environment becomes what the type wants', async () => {
  const { config } = await resolveConfig(sample, {
    environment: {
      CARTERO_SMTP__STRICT: 'false',
      CARTERO_SMTP__LISTEN: '127.0.0.1:25, [::1]:25',
      CARTERO_HOSTNAME: '123',
    },
  })
  assert.equal(config.smtp.strict, false)
  assert.equal(config.hostname, '123')
  assert.deepEqual(config.smtp.listen, [
    { host: '127.0.0.1', port: 25 },
    { host: '::1', port: 25 },
  ])
})

test('things of several parts come from the file and from the environment, one alone without brackets', async () => {
  const tim = { name: 'tim', sessions: 2 }
  for (const text of [
    'api: { callers: { name: tim, sessions: 2 } }',
    'api:\n  callers:\n    - name: tim\n      sessions: 2\n',
  ])
    assert.deepEqual((await resolveConfig(sample, file(text))).config.api.callers, [tim])
  const environment = { CARTERO_API__CALLERS: JSON.stringify([tim, tim]) }
  assert.deepEqual((await resolveConfig(sample, { environment })).config.api.callers, [tim, tim])
})

test('a secret within a list is not told by a fault of it in the environment, either', async () => {
  for (const text of [
    '[{"name": "tim", "sessions": 2, "password": "hunter2"}]',
    '[{"name": "tim", "sessions": 2, "password": "hunter2"}',
    'name: tim, sessions: 2, password: hunter2',
  ])
    await assert.rejects(resolveConfig(sample, { environment: { CARTERO_API__CALLERS: text } }), (error) => {
      assert.match(String(error), /CARTERO_API__CALLERS: api\.callers.*redacted/)
      assert.doesNotMatch(String(error), /hunter2/)
      return true
    })
})

test('a misspelt variable is an error, not silence', async () => {
  await assert.rejects(resolveConfig(sample, { environment: { CARTERO_SMTP__MESAGE_SIZE: '5MB' } }), {
    message:
      'CARTERO_SMTP__MESAGE_SIZE: there is no such key\n  fix: did you mean CARTERO_SMTP__MESSAGE_SIZE?',
  })
})

test('YAML 1.2: `no` is a word and `010` is ten', async () => {
  const { config } = await resolveConfig(sample, file('hostname: no\nsmtp: { sessions: 010 }\n'))
  assert.equal(config.hostname, 'no')
  assert.equal(config.smtp.sessions, 10)
})

test('a secret is never shown: not in logs, JSON, templates, errors or config show', async () => {
  const resolved = await resolveConfig(sample, file('api: { token: hunter2, certificate: /c.pem }\n'), [
    certificateNeedsToken,
  ])
  const { token } = resolved.config.api
  assert.equal(token?.reveal(), 'hunter2')
  const shown = [
    inspect(resolved, { depth: 9 }),
    JSON.stringify(resolved),
    String(token),
    showConfig(resolved, { onlyChanged: false }),
  ]
  for (const text of shown) assert.doesNotMatch(text, /hunter2/)
  assert.match(explainKey(resolved, 'api.token') ?? '', /value {4}"\[redacted\]" {3}from c\.yaml:1:15/)
  await assert.rejects(resolveConfig(sample, file('api: { token: { fil: hunter2 } }\n')), (error) => {
    assert.ok(error instanceof ConfigError)
    return true
  })
})

test('a secret is read from where it lies', async () => {
  const fromFile = await resolveConfig(sample, file('api: { token: { file: /run/secrets/token } }'))
  assert.equal(fromFile.config.api.token?.reveal(), 'from the file')
  const fromEnvironment = await resolveConfig(sample, file('api: { token: { env: TOKEN } }'))
  assert.equal(fromEnvironment.config.api.token?.reveal(), 'from the environment')
  assert.equal(new Secret('x').toString(), '[redacted]')
})

test('the example file is the default configuration, and stays valid when everything is uncommented', async () => {
  const example = exampleConfig(sample)
  const none = await resolveConfig(sample)
  assert.deepEqual((await resolveConfig(sample, file(example))).config, none.config)
  const uncommented = example
    .replaceAll(/^( *)#(?=\w+:)/gm, '$1')
    .replace('/run/secrets/token', '/run/secrets/token')
  const { config, settings } = await resolveConfig(sample, file(uncommented))
  assert.equal(config.api.certificate, '/etc/ssl/mail.pem')
  assert.ok(settings.every(({ source }) => source === 'file'))
})

test('every key has a sentence of documentation, and the example shows it', () => {
  const example = exampleConfig(sample)
  assert.match(example, /^ {2}# Patience with a silent peer\. Takes a duration/m)
  assert.match(example, /^ {2}# For example: \[\{ name: .*\n(?: {2}# .*\n)* {2}#callers: \[\]$/m)
  assert.ok(example.split('\n').every((line) => line.length <= 110))
})

test('show -n shows what was changed and nothing else, as valid YAML', async () => {
  const resolved = await resolveConfig(
    sample,
    file('hostname: a.b\nsmtp: { listen: ["[::1]:25"], timeout: 1m }\n'),
  )
  const shown = showConfig(resolved, { onlyChanged: true })
  assert.equal(shown, 'hostname: a.b\nsmtp:\n  listen: ["[::1]:25"]\n  timeout: 1m\n')
  assert.deepEqual(
    (await resolveConfig(sample, file(showConfig(resolved, { onlyChanged: false })))).config,
    resolved.config,
  )
})

test('a key is explained with value, source, default, type, variable and prose', async () => {
  const resolved = await resolveConfig(sample, file('smtp: { timeout: 1m }\n'))
  assert.equal(
    explainKey(resolved, 'smtp.timeout'),
    `smtp.timeout
  value    1m   from c.yaml:1:18
  default  5m
  takes    a duration such as 30s, 5m or 2d, from 1s to 1h
  env      CARTERO_SMTP__TIMEOUT
  Patience with a silent peer.
`,
  )
  assert.match(explainKey(resolved, 'smtp') ?? '', /^smtp\.listen\n[\s\S]*^smtp\.strict\n/m)
  assert.equal(explainKey(resolved, 'smtp.tmeout'), undefined)
  assert.equal(nearestKey(sample, 'smtp.tmeout'), 'smtp.timeout')
  assert.equal(nearestKey(sample, 'timeout'), 'smtp.timeout')
})

test('listen addresses: written as read, and nothing that is not one', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.ipV4(), fc.ipV6(), fc.constant('')),
      fc.integer({ min: 0, max: 65_535 }),
      (host, port) => {
        assert.deepEqual(parseListenAddress(formatListenAddress({ host, port })), { host, port })
      },
    ),
    { numRuns: 50 },
  )
  for (const raw of ['', 'localhost', ':', '1.2.3.4', ':65536', '::1:25', '[::1]', 'a b:25']) {
    assert.equal(parseListenAddress(raw), undefined, raw)
  }
  assert.deepEqual(parseListenAddress('2525'), { host: '', port: 2525 })
})

test('a suggestion is made for a slip and not for another word', () => {
  assert.equal(didYouMean('mesageSize', ['messageSize', 'sessions']), 'messageSize')
  assert.equal(didYouMean('message_size', ['messageSize']), 'messageSize')
  assert.equal(didYouMean('lsiten', ['listen']), 'listen')
  assert.equal(didYouMean('banana', ['listen', 'sessions']), undefined)
})
