// Customers of others come for their mail, each as it speaks, over real sockets and TLS.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { command, lacks } from '@cartero/testkit'
import { PASSWORD } from './customer.ts'
import { HomeServer } from './home-server.ts'
import { OdmrStage, OLD, type StageOptions } from './odmr-stage.ts'

/** What fetchmail ends with when all went well, mail or none. */
const CONTENT = 0

interface Visit {
  readonly stage: OdmrStage
  readonly home: HomeServer
  readonly password?: string
  readonly tls?: boolean
  readonly domains?: string
}

async function fetchmail({ stage, home, ...how }: Visit): Promise<{ code: number | null; said: string }> {
  const { password = PASSWORD, tls = false, domains = 'old.test' } = how
  const folder = mkdtempSync(join(tmpdir(), 'cartero-fetchmail-'))
  const rc = join(folder, 'fetchmailrc')
  const server = `poll 127.0.0.1 protocol ODMR service ${tls ? stage.tlsPort : stage.port}`
  const user = `user "${OLD}" password "${password}" fetchdomains ${domains} smtphost 127.0.0.1/${home.port}`
  const secured = tls ? 'ssl no sslcertck' : `sslproto ''`
  writeFileSync(rc, `${server} ${user} ${secured}\n`, { mode: 0o600 })
  try {
    const words = ['--fetchmailrc', rc, '--nodetach', '--nosyslog', '--verbose', '--timeout', '20']
    const { code, stdout, stderr } = await command('fetchmail', words, { env: { FETCHMAILHOME: folder } })
    return { code, said: `${stdout.toString()}\n${stderr}` }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

describe('fetchmail', { skip: lacks('fetchmail', 'fetchmail') }, () => {
  const open = (options: StageOptions = {}): Promise<OdmrStage> =>
    OdmrStage.open({ allowClearCramMd5: true, ...options })

  for (const tls of [false, true])
    test(`takes all of its mail to its own server, ${tls ? 'with TLS at once' : 'in the clear'}, and leaves content when there is no more`, async () => {
      await using stage = await open({ lineRecords: tls })
      await using home = await HomeServer.open()
      await stage.letters(4, { to: ['tom@old.test'] })
      await stage.letter({
        to: ['tom@old.test'],
        text: `Subject: 5\r\n\r\n.dot\r\n${'x\r\n'.repeat(30_000)}`,
      })
      const first = await fetchmail({ stage, home, tls })
      assert.equal(first.code, CONTENT, first.said)
      assert.equal(home.arrived.length, 5, first.said)
      assert.deepEqual(home.arrived[0]!.to, ['tom@old.test'])
      assert.match(home.arrived[4]!.text, /\r\n\.dot\r\n/)
      await stage.until(() => stage.turns.isIdle)
      assert.deepEqual(await stage.waiting(), [])
      const second = await fetchmail({ stage, home, tls })
      assert.equal(second.code, CONTENT, second.said)
      assert.match(second.said, /You have no mail/)
    })

  test('is told that a domain is not its own, and gets nothing', async () => {
    await using stage = await open()
    await using home = await HomeServer.open()
    await stage.letter({ to: ['tom@old.test'] })
    const { code, said } = await fetchmail({ stage, home, domains: 'old.test,home.test' })
    assert.notEqual(code, CONTENT, said)
    assert.equal(home.arrived.length, 0)
    assert.deepEqual(await stage.waiting(), ['ready'])
  })

  test('is not let in with a wrong password', async () => {
    await using stage = await open()
    await using home = await HomeServer.open()
    await stage.letter({ to: ['tom@old.test'] })
    const { code, said } = await fetchmail({ stage, home, password: 'wrong' })
    assert.notEqual(code, CONTENT, said)
    assert.equal(stage.turns.asked.length, 0)
    assert.deepEqual(await stage.waiting(), ['ready'])
  })

  test('loses nothing when its own server is away', async () => {
    await using stage = await open()
    const home = await HomeServer.open()
    await home[Symbol.asyncDispose]()
    await stage.letter({ to: ['tom@old.test'] })
    const away = await fetchmail({ stage, home })
    assert.notEqual(away.code, CONTENT, away.said)
    await stage.until(() => stage.turns.isIdle)
    assert.equal((await stage.waiting()).length, 1)
    await using again = await HomeServer.open()
    stage.clock.advance(60_000)
    assert.equal((await fetchmail({ stage, home: again })).code, CONTENT)
    assert.equal(again.arrived.length, 1)
  })
})
