// What the command line answers when no system runs: usage, exit codes, configuration, and a stopped system's data.
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { cartero, temporaryFolder } from './cartero-command.ts'

describe('usage', { concurrency: 2 }, () => {
  test('what is not understood ends with 2 and talks on standard error only', async () => {
    for (const words of [
      ['nonsense'],
      ['account', 'add'],
      ['dev', '--port-base', 'many'],
      ['status', '-o', 'xml'],
      ['run', 'postman'],
      ['identity', tmpdir(), 'no name'],
    ]) {
      const { code, out, err } = await cartero(words)
      assert.equal(code, 2, words.join(' '))
      assert.equal(out, '', words.join(' '))
      assert.match(err, /error: /, words.join(' '))
    }
  })

  test('who makes certificates is told which of them a server needs that runs as another user', async (context) => {
    const { code, out } = await cartero([
      'identity',
      join(temporaryFolder(context), 'identity'),
      'nats-1',
      'mx',
    ])
    assert.equal(code, 0)
    assert.match(
      out,
      /^nats-1 needs authority\.pem, nats-1\.pem and nats-1\.key; .* install -o USER -m 0600/m,
    )
    assert.doesNotMatch(out, /^mx needs/m)
  })

  test('help is data and no error', async () => {
    const { code, out } = await cartero(['--help'])
    assert.equal(code, 0)
    for (const name of [
      'dev',
      'serve',
      'run',
      'migrate',
      'identity',
      'account',
      'domain',
      'alias',
      'queue',
      'explain',
      'mailq',
      'sendmail',
      'config',
      'status',
      'healthcheck',
      'version',
    ]) {
      assert.match(out, new RegExp(`^  ${name}\\b`, 'm'))
    }
  })

  test('the version is told to machines, too', async () => {
    const { out } = await cartero(['version', '-o', 'json'])
    assert.deepEqual(Object.keys(JSON.parse(out) as object), ['cartero', 'node'])
  })

  test('a stopped system is stopped, not an error with a stack', async (context) => {
    const data = temporaryFolder(context)
    const err = `(the system in ${data}, stopped)\n`
    assert.deepEqual(await cartero(['status', '--data', data]), { code: 1, out: 'stopped\n', err })
    assert.deepEqual(await cartero(['healthcheck', '--data', data]), { code: 1, out: '', err })
  })
})

describe('configuration', { concurrency: 2 }, () => {
  test('check names every fault with its place, and serve does not begin with a faulty file', async (context) => {
    const folder = temporaryFolder(context)
    const file = join(folder, 'cartero.yaml')
    writeFileSync(file, `data: ${folder}/data\nsmtp:\n  mesageSize: 5MB\n  recipients: 1\n`)
    const expected =
      `${file}:3:3: smtp.mesageSize: there is no such key\n  fix: did you mean messageSize?\n` +
      `${file}:4:15: smtp.recipients: expected a whole number from 100 to 100000, found 1\n  fix: write for example recipients: 1000\n`
    assert.deepEqual(await cartero(['config', 'check', '--config', file]), {
      code: 1,
      out: '',
      err: expected,
    })
    assert.deepEqual(await cartero(['serve', '--config', file]), { code: 1, out: '', err: expected })
    assert.equal(existsSync(join(folder, 'data')), false)
  })

  test('who runs an agent, or migrates, is told which services are missing', async () => {
    const run = await cartero(['run', 'imap'])
    assert.deepEqual([run.code, run.out], [1, ''])
    for (const key of ['nats.servers', 'postgres.url', 'directory'])
      assert.match(run.err, new RegExp(`services\\.${key}: the agent imap needs .*\\n  fix: `), run.err)
    const migrate = await cartero(['migrate'])
    assert.equal(migrate.code, 1)
    assert.match(migrate.err, /services\.postgres\.url: the spool has no database\n  fix: /)
  })

  test('a database that does not come is told after a while, for each store, with exit 1', async () => {
    const env = {
      CARTERO_SERVICES__POSTGRES__URL: 'postgres://cartero@127.0.0.1:1/cartero',
      CARTERO_SERVICES__PATIENCE: '1s',
    }
    const { code, out } = await cartero(['migrate', '-o', 'json'], { env })
    assert.equal(code, 1)
    const told = JSON.parse(out) as { store: string; outcome: string; reason: string }[]
    assert.deepEqual(
      told.map(({ store, outcome }) => `${store} ${outcome}`),
      ['spool failed', 'mailstore failed', 'directory failed', 'journey failed'],
    )
    assert.match(told[0]!.reason, /ECONNREFUSED/)
  })

  test('where agents are apart, the command line is answered at the console and nowhere else', async (context) => {
    const folder = temporaryFolder(context)
    const env = { CARTERO_SERVICES__NATS__SERVERS: 'nats-1:4222', CARTERO_DATA: folder }
    const { code, err } = await cartero(['account', 'list'], { env })
    assert.equal(code, 1)
    assert.match(err, /say it where "cartero run console" runs/)
    assert.deepEqual(readdirSync(folder), [])
  })

  test('the example passes the check, and is found in the working directory', async (context) => {
    const cwd = temporaryFolder(context)
    const { out } = await cartero(['config', 'example'])
    writeFileSync(join(cwd, 'cartero.yaml'), out)
    assert.deepEqual(await cartero(['config', 'check'], { cwd }), {
      code: 0,
      out: '',
      err: 'cartero.yaml: nothing is wrong\n',
    })
    assert.deepEqual(await cartero(['config', 'show', '-n'], { cwd }), { code: 0, out: '', err: '' })
  })

  test('a key is explained with where its value comes from; an unknown one ends with 3', async () => {
    const explained = await cartero(['config', 'explain', 'smtp.messageSize'], {
      env: { CARTERO_SMTP__MESSAGE_SIZE: '1MB' },
    })
    assert.match(explained.out, /value {4}1MB {3}from CARTERO_SMTP__MESSAGE_SIZE/)
    const unknown = await cartero(['config', 'explain', 'smtp.mesageSize'])
    assert.deepEqual(unknown, {
      code: 3,
      out: '',
      err: "error: there is no key 'smtp.mesageSize'; did you mean smtp.messageSize?\n",
    })
  })

  test('what is allowed and not wise is told by the check, which passes', async (context) => {
    const file = join(temporaryFolder(context), 'c.yaml')
    writeFileSync(file, 'auth: { mechanisms: [PLAIN, CRAM-MD5] }\n')
    const { code, err } = await cartero(['config', 'check', file])
    assert.equal(code, 0)
    assert.match(err, /^warning: auth\.mechanisms: CRAM-MD5 is on/)
  })

  test('what cannot be read for TLS is found by the check', async (context) => {
    const file = join(temporaryFolder(context), 'c.yaml')
    for (const named of [
      'tls: { certificate: /nowhere/c.pem, key: /k.pem }',
      'auth: { clientAuthorities: /nowhere/c.pem }',
      'relay: { tls: { authorities: /nowhere/c.pem } }',
      'routes: [{ name: a, hosts: h.example, tls: verify, username: me, password: { file: /nowhere/c.pem } }]',
    ]) {
      writeFileSync(file, `${named}\n`)
      const { code, err } = await cartero(['config', 'check', file])
      assert.equal(code, 1, named)
      assert.match(err, /cannot read \/nowhere\/c\.pem.*: it does not exist/, named)
    }
  })
})

test('a stopped system: domains, accounts and aliases are added, listed and removed', async (context) => {
  const data = temporaryFolder(context)
  const told = `(the system in ${data}, stopped)\n`
  const on = (...words: string[]): string[] => [...words, '--data', data]

  assert.equal(
    (await cartero(on('account', 'add', 'you@example.org'))).code,
    3,
    'a domain that is not ours is not found',
  )
  assert.equal((await cartero(on('domain', 'add', 'example.org'))).code, 0)
  assert.equal((await cartero(on('domain', 'add', 'example.org'))).code, 1, 'twice is a failure')
  assert.equal((await cartero(on('domain', 'add', 'not a name'))).code, 2)

  const generated = await cartero(on('account', 'add', 'you@example.org', '-o', 'json'))
  assert.equal(generated.code, 0, generated.err)
  const { password } = JSON.parse(generated.out) as { password: string }
  assert.match(password, /^[a-z2-9-]{23}$/)
  const given = await cartero(on('account', 'add', 'me@example.org', '--quota', '5GB', '--password-stdin'), {
    input: 'correct horse\n',
  })
  assert.deepEqual(given, { code: 0, out: '', err: `${told}added me@example.org\n` })

  assert.deepEqual(JSON.parse((await cartero(on('account', 'list', '-o', 'json'))).out), [
    { address: 'me@example.org', disabled: false, quota: 5_000_000_000 },
    { address: 'you@example.org', disabled: false, quota: 0 },
  ])
  assert.equal(
    (await cartero(on('alias', 'add', 'info@example.org', 'you@example.org', 'me@example.org'))).code,
    0,
  )
  assert.equal(
    (await cartero(on('alias', 'list'))).out,
    'ALIAS             LEADS TO\ninfo@example.org  you@example.org, me@example.org\n',
  )
  assert.equal((await cartero(on('alias', 'remove', 'info@example.org'))).code, 0)
  assert.equal((await cartero(on('account', 'passwd', 'nobody@example.org', '--generate'))).code, 3)
  assert.equal(
    (await cartero(on('account', 'remove', 'me@example.org'))).err,
    `${told}removed me@example.org and its mail\n`,
  )
  assert.equal((await cartero(on('account', 'remove', 'me@example.org'))).code, 3)
  assert.deepEqual(JSON.parse((await cartero(on('alias', 'list', '-o', 'json'))).out), [])

  for (const name of readdirSync(data))
    assert.equal(statSync(join(data, name)).mode & 0o077, 0, `${name} is open to others`)
})

test('a stopped system: what is said of an account is changed, and secrets are never shown', async (context) => {
  const data = temporaryFolder(context)
  const on = (...words: string[]): string[] => [...words, '--data', data]
  await cartero(on('domain', 'add', 'example.org'))
  const words = ['account', 'add', 'you@example.org', '--reversible-secret', '--password-stdin']
  assert.equal((await cartero(on(...words), { input: 'correct horse\n' })).code, 0)
  assert.equal(statSync(join(data, 'directory.key')).mode & 0o777, 0o600)
  const listed = async (): Promise<unknown> =>
    JSON.parse((await cartero(on('account', 'list', '-o', 'json'))).out)
  const you = { address: 'you@example.org', disabled: false, quota: 0 }
  assert.deepEqual(await listed(), [{ ...you, reversibleSecret: true }])
  const fingerprint = `${'AB:'.repeat(31)}AB`
  const change = on('account', 'set', 'you@example.org', '--no-reversible-secret', '--quota', '5GB')
  assert.equal((await cartero([...change, '--certificate', fingerprint])).code, 0)
  assert.deepEqual(await listed(), [{ ...you, quota: 5_000_000_000, certificates: ['ab'.repeat(32)] }])
  await cartero(on('account', 'set', 'you@example.org', '--no-certificate', '--disable'))
  assert.deepEqual(await listed(), [{ ...you, quota: 5_000_000_000, disabled: true }])
  assert.equal((await cartero(on('account', 'set', 'you@example.org'))).code, 2)
  assert.equal((await cartero(on('account', 'set', 'nobody@example.org', '--enable'))).code, 3)
  assert.equal((await cartero(on('account', 'set', 'you@example.org', '--certificate', 'ab'))).code, 2)
})

test('a stopped system bans nobody', async (context) => {
  const data = temporaryFolder(context)
  assert.deepEqual(JSON.parse((await cartero(['ban', 'list', '--data', data, '-o', 'json'])).out), [])
  assert.equal((await cartero(['ban', 'lift', '192.0.2.1', '--data', data])).code, 3)
})

test('an empty password is refused, not replaced', async (context) => {
  const data = temporaryFolder(context)
  const { code, err } = await cartero(['account', 'add', 'a@b.test', '--data', data, '--password-stdin'], {
    input: '\n',
  })
  assert.deepEqual({ code, err }, { code: 2, err: 'error: standard input has no password\n' })
})

test('a misspelt data folder is an error, not a new and empty system', async (context) => {
  const data = join(temporaryFolder(context), 'misspelt', 'data')
  for (const words of [
    ['domain', 'list'],
    ['account', 'list'],
    ['alias', 'list'],
    ['domain', 'add', 'a.test'],
  ]) {
    const { code, out, err } = await cartero([...words, '--data', data])
    assert.deepEqual({ code, out }, { code: 1, out: '' }, words.join(' '))
    assert.ok(err.includes(`error: there is no data folder ${data}\n  fix: `), err)
    assert.doesNotMatch(err, /\.ts:\d/, 'no stack')
  }
  assert.equal(existsSync(join(data, '..')), false)
})

test('a configuration in the working directory that leads to another system is told with its folder', async (context) => {
  const cwd = temporaryFolder(context)
  mkdirSync(join(cwd, 'cartero-data'))
  writeFileSync(join(cwd, 'cartero.yaml'), `data: ${cwd}/elsewhere\n`)
  const { code, err } = await cartero(['status'], { cwd })
  assert.equal(code, 1)
  assert.equal(err, `(the system in ${cwd}/elsewhere, stopped)\n`)
})

test('without a name the system is the one of cartero dev, and it says so', async (context) => {
  const cwd = temporaryFolder(context)
  mkdirSync(join(cwd, 'cartero-data'))
  const { code, err } = await cartero(['domain', 'list'], { cwd })
  assert.equal(code, 0)
  assert.match(err, /^\(the system in .*cartero-data, stopped\)\n$/)
})
