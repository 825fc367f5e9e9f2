// Agents that are killed, twice there, told to leave, silent, or away: what was answered 250 is in one mailbox, once.
import assert from 'node:assert/strict'
import { after, before, describe, test, type TestContext } from 'node:test'

import { LineClient } from '@cartero/testkit'

import { ACCOUNTS, FaultStage } from './apart-faults.ts'
import { APART_LACKS, type RunOptions } from '@cartero/testkit/apart'
import type { Tally } from './promised-letters.ts'

const TAKEN_IN = 'cartero_mta_messages_taken_in_total'

describe('agents apart that fail', { skip: APART_LACKS }, () => {
  let faults: FaultStage
  let secondMta: RunOptions
  let secondMda: RunOptions

  before(async () => {
    faults = await FaultStage.start()
  })
  after(() => faults?.[Symbol.asyncDispose]())

  async function kept(context: TestContext, tally: Tally): Promise<void> {
    context.diagnostic(JSON.stringify(tally))
    await faults.letters.areKept()
    assert.deepEqual(
      [...faults.letters.outwardTwice.values()].filter((times) => times > 2),
      [],
      'letters for elsewhere that came more often than once for each crash',
    )
  }

  test('each is killed under load and started again: nothing is lost and nothing comes twice', async (context) => {
    const tally = await faults.letters.under({}, async () => {
      for (const agent of ['mx', 'mda', 'mta', 'directory', 'imap', 'msa', 'console', 'mda'] as const)
        await faults.kill(agent)
    })
    await kept(context, tally)
  })

  test('two mtas and two mdas over one spool: both work, and nothing comes twice', async (context) => {
    const { stage } = faults
    secondMta = { as: 'mta-2' }
    secondMda = { as: 'mda-2', env: { CARTERO_SERVICES__MTA: await stage.place('mta-2') } }
    await stage.place('mda-2')
    const tally = await faults.letters.under({}, async (flows) => {
      await stage.run('mta', secondMta).told('agent.serves')
      await stage.run('mda', secondMda).told('agent.serves')
      await faults.until(async () => {
        const taken = await Promise.all(['mta', 'mta-2'].map((as) => faults.metric(as, TAKEN_IN)))
        return taken.every((count) => count > 0)
      })
      await faults.until(() => stage.agent('mda-2').output.includes('"event":"message.delivered"'))
      await flows()
    })
    await kept(context, tally)
  })

  test('one of two mtas is killed: the other one goes on, and what it held is delivered when it is back', async (context) => {
    const tally = await faults.letters.under({}, async (flows) => {
      await faults.stage.agent('mta-2').end('SIGKILL')
      await flows()
      await faults.stage.run('mta', secondMta).told('agent.serves')
    })
    await kept(context, tally)
  })

  test('one of two mdas is killed: the other one delivers what it held', async (context) => {
    const tally = await faults.letters.under({}, async (flows) => {
      await faults.stage.agent('mda-2').end('SIGKILL')
      await flows()
    })
    await kept(context, tally)
    await faults.stage.run('mda', secondMda).told('agent.serves')
  })

  test('one of two is told to leave under load: it hands back what it leased, at once', async (context) => {
    const { stage } = faults
    const tally = await faults.letters.under({}, async (flows) => {
      assert.equal(await stage.agent('mta-2').end(), 0)
      assert.equal(await faults.leasedBy('mta-2'), 0)
      assert.equal(await stage.agent('mda-2').end(), 0)
      await flows()
    })
    await kept(context, tally)
  })

  test('the directory is away: who was accepted is accepted, others are told 451, logins 454; then all is well', async () => {
    const { stage } = faults
    const [tim] = ACCOUNTS
    assert.match(await faults.letter(tim!.address), /^250 /)
    await stage.agent('directory').end('SIGKILL')
    assert.match(await faults.letter(tim!.address), /^250 /)
    assert.match(await faults.letter('nobody-knows@cartero.test'), /^451 /)
    assert.match(await faults.login(), /^454 /)
    await stage.run('directory').told('agent.serves')
    await faults.until(async () => (await faults.letter('nobody-knows@cartero.test')).startsWith('550 '))
    await faults.until(async () => (await faults.login()).startsWith('235 '))
  })

  test('the directory is silent: edges answer all the same', async () => {
    const { stage } = faults
    stage.agent('directory').pause()
    try {
      const [known, unknown, login] = await Promise.all([
        faults.letter(ACCOUNTS[0]!.address),
        faults.letter('nobody-hears@cartero.test'),
        faults.login(),
      ])
      assert.match(known, /^250 /)
      assert.match(unknown, /^451 /)
      assert.match(login, /^454 /)
    } finally {
      stage.agent('directory').continue()
    }
    await faults.until(async () => (await faults.letter('nobody-hears@cartero.test')).startsWith('550 '))
  })

  test('the mta is silent: edges take mail, and it is delivered when the mta is heard again', async (context) => {
    const { stage } = faults
    const tally = await faults.letters.under({}, async (flows) => {
      stage.agent('mta').pause()
      await flows()
      stage.agent('mta').continue()
    })
    await kept(context, tally)
  })

  test('the console is away: mail flows, and what became of it is known when it is back', async (context) => {
    const { stage } = faults
    await stage.agent('console').end('SIGKILL')
    using client = await LineClient.connect(stage.port(25))
    await client.reply()
    await client.smtp('EHLO away.test')
    await client.smtp('MAIL FROM:<while-away@outside.test>')
    await client.smtp(`RCPT TO:<${ACCOUNTS[1]!.address}>`)
    await client.smtp('DATA')
    assert.match(await client.smtp('Subject: x\r\n\r\nx\r\n.'), /^250 /)
    const tally = await faults.letters.under({}, async (flows) => flows())
    await stage.run('console').told('agent.serves')
    await faults.until(async () => {
      const { out } = await stage.cartero(['trace', 'while-away@outside.test'])
      return out.includes('delivered')
    })
    await kept(context, tally)
  })
})
