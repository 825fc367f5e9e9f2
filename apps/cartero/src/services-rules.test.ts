import assert from 'node:assert/strict'
import { test } from 'node:test'

import { ConfigError } from '@cartero/agent/config'

import { warnings } from './config-rules.ts'
import { loadConfig } from './load-config.ts'
import { AGENTS, isWhole, needsOf, type AgentName } from './services-rules.ts'

const NONE = { CARTERO_CONFIG: '/dev/null' }

/** What an agent misses, as an operator reads it. */
async function missed(agent: AgentName, environment: Record<string, string> = {}): Promise<string> {
  try {
    await loadConfig({ search: false, environment: { ...NONE, ...environment }, rules: [needsOf(agent)] })
    return ''
  } catch (error) {
    assert.ok(error instanceof ConfigError)
    return error.message
  }
}

const BROKER = { CARTERO_SERVICES__NATS__SERVERS: 'localhost:4222' }
const PEERS = { CARTERO_SERVICES__DIRECTORY: 'localhost:7001', CARTERO_SERVICES__MTA: 'localhost:7002' }
const DATABASE = { CARTERO_SERVICES__POSTGRES__URL: 'postgres://cartero@localhost/cartero' }
const LISTEN = { CARTERO_SERVICES__LISTEN: 'localhost:7001' }

test('an agent is asked for what it uses, and for nothing else', async () => {
  for (const agent of AGENTS) assert.match(await missed(agent), /services\.nats\.servers/, agent)
  for (const edge of ['mx', 'msa', 'odmr'] as const) {
    assert.equal(await missed(edge, { ...BROKER, ...PEERS }), '', edge)
    assert.match(await missed(edge, BROKER), /needs services\.directory[^]*needs services\.mta/, edge)
  }
  assert.equal(await missed('directory', { ...BROKER, ...DATABASE, ...LISTEN }), '')
  assert.match(await missed('directory', { ...BROKER, ...DATABASE }), /needs services\.listen/)
  assert.match(await missed('imap', { ...BROKER, ...PEERS }), /set it, or services\.postgres\.mailstore/)
  const own = { CARTERO_SERVICES__POSTGRES__MAILSTORE: 'postgres://cartero@localhost/mail' }
  assert.equal(await missed('imap', { ...BROKER, ...PEERS, ...own }), '')
})

test('who delivers asks the directory only for those who come by LMTP', async () => {
  const services = { ...BROKER, ...DATABASE, CARTERO_SERVICES__MTA: 'localhost:7002' }
  assert.equal(await missed('mda', services), '')
  assert.match(
    await missed('mda', { ...services, CARTERO_LISTEN__LMTP: '127.0.0.1:24' }),
    /needs services\.directory/,
  )
})

test('agents on a network do not speak in the clear', async () => {
  const apart = {
    ...BROKER,
    CARTERO_SERVICES__DIRECTORY: 'directory:7001',
    CARTERO_SERVICES__MTA: 'mta:7001',
  }
  assert.match(
    await missed('mx', apart),
    /directory:7001 is not on this machine[^]*mta:7001 is not on this machine/,
  )
  assert.match(
    await missed('mx', { ...PEERS, CARTERO_SERVICES__NATS__SERVERS: 'nats-1:4222' }),
    /nats-1:4222 is not on/,
  )
  const identity = {
    CARTERO_SERVICES__IDENTITY__CERTIFICATE: '/c/{agent}.pem',
    CARTERO_SERVICES__IDENTITY__KEY: '/c/{agent}.key',
    CARTERO_SERVICES__IDENTITY__AUTHORITIES: '/c/authority.pem',
  }
  assert.equal(await missed('mx', { ...apart, ...identity }), '')
  const everywhere = { ...BROKER, ...DATABASE, CARTERO_SERVICES__LISTEN: ':7001' }
  assert.match(await missed('directory', everywhere), /services\.listen[^]*under TLS only/)
})

test('half an identity, and an object store without keys, are told with their keys', async () => {
  const half = { CARTERO_SERVICES__IDENTITY__CERTIFICATE: '/c.pem' }
  assert.match(await missed('mx', half), /services\.identity\.key and services\.identity\.authorities/)
  const s3 = { CARTERO_SERVICES__CONTENT__KIND: 's3' }
  assert.match(await missed('mx', s3), /s3 needs services\.content\.endpoint[^]*secretKeyFile/)
})

test('a password in the URL of a database is refused, and not shown', async () => {
  const told = await missed('mta', {
    CARTERO_SERVICES__POSTGRES__URL: 'postgres://cartero:hush@localhost/cartero',
  })
  assert.match(told, /without a password/)
  assert.doesNotMatch(told, /hush/)
})

test('several hosts of a database, and a folder of its socket, are places', async () => {
  for (const url of [
    'postgres://cartero@a:5432,b:5433/cartero',
    'postgres://cartero@localhost/x?host=%2Ftmp%2Fy',
  ]) {
    const services = { ...BROKER, ...PEERS, CARTERO_SERVICES__POSTGRES__URL: url }
    assert.equal(await missed('imap', services), '', url)
  }
})

test('copies that no server is there for are not wise', async () => {
  const { config } = await loadConfig({ search: false, environment: { ...NONE, ...BROKER } })
  assert.match([...warnings(config)].join('\n'), /3 copies need as many servers, and 1 is named/)
  const { config: none } = await loadConfig({ search: false, environment: NONE })
  assert.deepEqual([...warnings(none)], [])
})

test('stores on a network that prove nothing, or speak in the clear, are warned of', async () => {
  const told = async (environment: Record<string, string>): Promise<string> => {
    const { config } = await loadConfig({
      search: false,
      environment: { ...NONE, ...BROKER, ...environment },
    })
    return [...warnings(config)].filter((warning) => !warning.includes('replicas')).join('\n')
  }
  const database = (url: string) => told({ CARTERO_SERVICES__POSTGRES__MAILSTORE: url })
  for (const url of [
    'postgres://cartero@db.example/cartero',
    'postgres://cartero@localhost,db.example:5433/cartero',
    'postgres://cartero@[2001:db8::8]:5432/cartero',
    'postgres://cartero@localhost/cartero?host=db.example',
    'postgres://cartero@db.example/cartero?sslmode=require',
    'postgres://cartero@db.example/cartero?sslmode=disable&sslrootcert=/ca.pem',
  ])
    assert.match(
      await database(url),
      /services\.postgres\.mailstore: .*(db\.example|2001:db8).*verify-full/,
      url,
    )
  for (const url of [
    'postgres://cartero@localhost/cartero',
    'postgres://cartero@127.0.0.1:5433,[::1]:5432/cartero',
    'postgres://cartero@localhost/cartero?host=%2Frun%2Fpostgresql',
    'postgres://cartero@%2Frun%2Fpostgresql/cartero',
    'postgres://cartero@db.example/cartero?sslmode=verify-full&sslrootcert=/ca.pem',
    'postgres://cartero@db.example/cartero?sslmode=verify-ca&sslrootcert=/ca.pem',
    'postgres://cartero@db.example/cartero?sslrootcert=/ca.pem',
  ])
    assert.equal(await database(url), '', url)
  const s3 = (endpoint: string) =>
    told({
      CARTERO_SERVICES__CONTENT__KIND: 's3',
      CARTERO_SERVICES__CONTENT__ENDPOINT: endpoint,
      CARTERO_SERVICES__CONTENT__ACCESS_KEY_FILE: '/a',
      CARTERO_SERVICES__CONTENT__SECRET_KEY_FILE: '/s',
    })
  assert.match(
    await s3('http://s3.example:8333'),
    /services\.content\.endpoint: .*s3\.example:8333 in the clear/,
  )
  for (const endpoint of ['https://s3.example', 'http://127.0.0.1:8333', 'http://[::1]:8333'])
    assert.equal(await s3(endpoint), '', endpoint)
})

test('one process does not begin where agents are apart: mail would be in two places', async () => {
  const asked = (environment: Record<string, string>) =>
    loadConfig({ search: false, environment: { ...NONE, ...environment }, rules: [isWhole] })
  await assert.rejects(asked(BROKER), /one process uses no services[^]*cartero run/)
  await asked({})
})
