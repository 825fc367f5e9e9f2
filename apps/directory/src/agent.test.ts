import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { createLoggerTo, MetricRegistry } from '@cartero/agent/telemetry'
import { DirectoryError, type DirectoryOptions } from '@cartero/directory'
import { openMemoryDirectory } from '@cartero/directory/memory'
import * as agents from './agent.ts'

const TIM = 'tim@example.org'

function stage(options: DirectoryOptions = {}) {
  const lines: string[] = []
  const metrics = new MetricRegistry()
  const agent = agents.createDirectoryAgent({
    open: () => Promise.resolve(openMemoryDirectory(options)),
    logger: createLoggerTo((line) => void lines.push(line)),
    metrics,
  })
  return { agent, lines, metrics }
}

describe('the directory agent', () => {
  const { agent, lines, metrics } = stage()
  before(() => agent.start?.(new AbortController().signal))
  after(() => agent.stop?.())

  const told = (): string[] =>
    lines.splice(0).map((line) => {
      const { event, domain, account, alias, login } = JSON.parse(line) as Record<string, string>
      return `${event} ${domain ?? account ?? alias ?? login ?? ''}`
    })

  test('tells what an operator changed, and only what was kept', async () => {
    const { directory } = agent
    await assert.rejects(
      agents.addAccount(directory, { address: TIM, password: 'secret' }),
      (error) => error instanceof DirectoryError && /cartero domain add example\.org/.test(error.message),
    )
    await agents.addDomain(directory, { name: 'example.org' })
    await agents.addAccount(directory, { address: TIM, password: 'secret' })
    await agents.setPassword(directory, TIM, 'other')
    await agents.addAlias(directory, 'info@example.org', [TIM])
    await agents.removeAlias(directory, 'info@example.org')
    assert.deepEqual(told(), [
      'domain.added example.org',
      `account.added ${TIM}`,
      `account.password-changed ${TIM}`,
      'alias.changed info@example.org',
      'alias.removed info@example.org',
    ])
    assert.match((await metrics.exposition()).text, /cartero_directory_changes_total\{subject="alias"\} 2/)
  })

  test('tells who logs in and who does not, and never a password', async () => {
    const { directory } = agent
    await directory.Authenticate({ login: TIM, password: 'other' })
    await directory.Authenticate({ login: TIM, password: 'wrong' })
    assert.doesNotMatch(lines.join(''), /other|wrong/)
    assert.deepEqual(told(), [`login.accepted ${TIM}`, `login.refused ${TIM}`])
    assert.match((await metrics.exposition()).text, /cartero_directory_logins_total\{outcome="refused"\} 1/)
  })

  test('has answers at hand for the other agents', async () => {
    const { directory } = agent
    assert.equal(directory.resolveNow('tim+x@example.org')?.targets[0]?.account, TIM)
    assert.equal(directory.senderAllowedNow(TIM, TIM), true)
    const { resolutions } = await directory.Resolve({ addresses: ['nobody@example.org'] })
    assert.deepEqual(resolutions[0]?.targets, [])
    assert.equal((await directory.SenderAllowed({ account: TIM, address: TIM })).allowed, true)
    assert.equal((await directory.ScramKeys({ login: TIM })).account, TIM)
  })

  test('lists what JSON can carry', async () => {
    const { directory } = agent
    await agents.addAlias(directory, 'info@example.org', [TIM])
    await directory.SetAccount({ account: { address: TIM, disabled: true, quota: 5n } })
    await directory.SetDomain({ domain: { name: 'example.org', catchAll: TIM, postmaster: '' } })
    const listed = [
      await agents.listDomains(directory),
      await agents.listAccounts(directory, 'example.org'),
      await agents.listAliases(directory),
    ]
    assert.deepEqual(JSON.parse(JSON.stringify(listed)), [
      [{ name: 'example.org', catchAll: TIM, postmaster: '' }],
      [{ address: TIM, disabled: true, quota: 5 }],
      [{ address: 'info@example.org', targets: [TIM] }],
    ])
  })

  test('removes in the order in which it allows it', async () => {
    const { directory } = agent
    await assert.rejects(agents.removeDomain(directory, 'example.org'), /1 account and 1 alias/)
    await agents.removeAlias(directory, 'info@example.org')
    await agents.removeAccount(directory, TIM)
    await agents.removeDomain(directory, 'example.org')
    assert.deepEqual(await agents.listDomains(directory), [])
  })
})

test('a peer that guesses is told of, counted, listed, and forgiven by the operator', async () => {
  const { agent, lines, metrics } = stage()
  const peer = '192.0.2.1'
  for (let n = 0; n < agent.bans.limits.failures; n++) agent.bans.failed(peer, { login: 'x', proof: `${n}` })
  const [{ until, ...listed }] = agents.listBans(agent.bans) as [agents.BanEntry]
  assert.deepEqual(listed, { peer })
  assert.match(lines.join(''), /"peer":"192\.0\.2\.1"[^}]*"event":"peer\.banned"/)
  assert.ok(lines.join('').includes(until))
  const { text } = await metrics.exposition()
  assert.match(text, /cartero_directory_bans_total 1/)
  assert.match(text, /cartero_directory_banned_peers 1/)
  agents.liftBan(agent.bans, peer)
  assert.deepEqual(agents.listBans(agent.bans), [])
  assert.match(lines.join(''), /peer\.ban-lifted/)
  assert.throws(
    () => agents.liftBan(agent.bans, peer),
    (error) => error instanceof DirectoryError && error.fault === 'notFound',
  )
})

test('an account is changed in what is said, and only in that', async () => {
  const { agent } = stage()
  await agent.start?.(new AbortController().signal)
  const { directory } = agent
  await agents.addDomain(directory, { name: 'example.org' })
  await agents.addAccount(directory, { address: TIM, quota: 5, password: 'secret' })
  const certificate = 'ab'.repeat(32)
  await agents.changeAccount(directory, { address: 'TIM@example.org', certificates: [certificate] })
  await agents.changeAccount(directory, { address: TIM, disabled: true })
  assert.deepEqual(await agents.listAccounts(directory), [
    { address: TIM, disabled: true, quota: 5, certificates: [certificate] },
  ])
  await assert.rejects(agents.changeAccount(directory, { address: 'nobody@example.org' }), /account list/)
  await agent.stop?.()
})

test('a domain is changed in what is said, and only in that; its collection is taken off by null', async () => {
  const { agent } = stage()
  await agent.start?.(new AbortController().signal)
  const { directory } = agent
  const change = (rest: Omit<agents.DomainChange, 'name'>) =>
    agents.changeDomain(directory, { name: 'HOME.test', ...rest })
  const listed = async (): Promise<unknown> => JSON.parse(JSON.stringify(await agents.listDomains(directory)))
  await agents.addDomain(directory, { name: 'home.test' })
  await agents.addAccount(directory, { address: 'fetch@home.test', password: 'secret' })
  await assert.rejects(change({ collection: { quota: 5 } }), /--collected-by/)
  await change({ collection: { account: 'fetch@home.test', quota: 5 } })
  await change({ collection: { keepSeconds: 86_400 } })
  await change({ catchAll: 'fetch@home.test' })
  const domain = { name: 'home.test', catchAll: 'fetch@home.test', postmaster: '' }
  const collection = { account: 'fetch@home.test', quota: 5, keepSeconds: 86_400, contact: '' }
  assert.deepEqual(await listed(), [{ ...domain, collection }])
  await change({ collection: null })
  assert.deepEqual(await listed(), [domain])
  await assert.rejects(agents.changeDomain(directory, { name: 'none.test' }), /domain add none\.test/)
  await assert.rejects(agents.changeDomain(directory, { name: 'a b' }), /not a domain name/)
  await agent.stop?.()
})

test('a customer who may not log in without TLS is told of in the log, and one who may once', async () => {
  const { agent, lines } = stage({ secretKey: () => Buffer.alloc(32, 1) })
  await agent.start?.(new AbortController().signal)
  const { directory } = agent
  await agents.addDomain(directory, { name: 'example.org' })
  await agents.addAccount(directory, { address: TIM, password: 'secret', reversibleSecret: true })
  const challenge = '<1@mail.example>'
  const ask = (password = 'secret') =>
    directory.AuthenticateCramMd5({
      login: TIM,
      challenge,
      digest: createHmac('md5', password).update(challenge).digest('hex'),
      inTheClear: true,
    })
  const told = (): string[] =>
    lines
      .splice(0)
      .map((line) => (JSON.parse(line) as { event: string }).event)
      .filter((event) => event.startsWith('login'))
  assert.equal((await ask('wrong')).account, '')
  assert.deepEqual(told(), ['login.refused'])
  assert.equal((await ask()).account, '')
  assert.match(
    lines.join(''),
    /"reason":"cram-md5-in-the-clear".*cartero account set ADDRESS --clear-cram-md5/,
  )
  assert.deepEqual(told(), ['login.proof-refused', 'login.refused'])
  await agents.changeAccount(directory, { address: TIM, clearCramMd5: true })
  assert.deepEqual(
    (await agents.listAccounts(directory)).map(({ clearCramMd5 }) => clearCramMd5),
    [true],
  )
  for (let n = 0; n < 3; n++) assert.equal((await ask()).account, TIM)
  assert.deepEqual(
    told().filter((event) => event !== 'login.accepted'),
    ['login.in-the-clear'],
  )
  await agent.stop?.()
})

test('a directory that is asked for too early is a bug with a name', () => {
  assert.throws(() => stage().agent.directory, /before it was opened/)
})

test('a store that is away is told apart from a wrong password', async () => {
  const lines: string[] = []
  const broken = openMemoryDirectory()
  broken.Authenticate = () => Promise.reject(new DirectoryError('unavailable', 'away'))
  const agent = agents.createDirectoryAgent({
    open: () => Promise.resolve(broken),
    logger: createLoggerTo((line) => void lines.push(line)),
    metrics: new MetricRegistry(),
  })
  await agent.start?.(new AbortController().signal)
  await assert.rejects(agent.directory.Authenticate({ login: TIM, password: 'secret' }), DirectoryError)
  assert.match(lines.join(''), /login\.unknown/)
})

test('tells of logins that were proved at an edge elsewhere, and tells such edges of changes', async () => {
  const { agent, lines } = stage()
  await agent.start?.(new AbortController().signal)
  const { directory } = agent
  await directory.ScramOutcome({ login: 'eve@far.test', right: false })
  assert.match(lines.join(), /"event":"login.refused".*eve@far.test|eve@far.test.*"event":"login.refused"/)
  const over = new AbortController()
  let heard = 0
  for await (const { addresses } of directory.Watch({}, over.signal)) {
    assert.deepEqual(addresses, [])
    if (++heard > 1) over.abort()
    else await assert.rejects(directory.RemoveDomain({ name: 'none.example' }))
  }
  assert.equal(heard, 2)
  await agent.stop?.()
})
