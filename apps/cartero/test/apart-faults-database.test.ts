// A database that is restarted, killed, slow, cut off or moved: edges go on taking mail, and what was answered 250 is in one mailbox, once.
import { setTimeout as sleep } from 'node:timers/promises'
import { after, before, describe, test, type TestContext } from 'node:test'

import { PostgresDoor } from '@cartero/testkit'

import { FaultStage } from './apart-faults.ts'
import { APART_LACKS } from '@cartero/testkit/apart'
import type { Tally } from './promised-letters.ts'

/** Milliseconds of a cut that agents notice and have to live with. */
const CUT = 3_000

describe('agents apart over a database that fails', { skip: APART_LACKS }, () => {
  let faults: FaultStage

  before(async () => {
    faults = await FaultStage.start()
  })
  after(() => faults?.[Symbol.asyncDispose]())

  async function kept(context: TestContext, tally: Tally): Promise<void> {
    context.diagnostic(JSON.stringify(tally))
    await faults.letters.areKept()
  }

  test('it is restarted: edges take mail meanwhile, and nothing is lost', async (context) => {
    const { postgres } = faults.stage
    const tally = await faults.letters.under({}, async (flows) => {
      await postgres.halt()
      await flows()
      await postgres.resume()
    })
    await kept(context, tally)
  })

  test('it is killed: edges take mail meanwhile, and nothing is lost', async (context) => {
    const { postgres } = faults.stage
    const tally = await faults.letters.under({}, async (flows) => {
      await postgres.kill()
      await flows()
      await postgres.resume()
    })
    await kept(context, tally)
  })

  test('connections are cut again and again: nothing is lost, and nothing waits for a lease that nobody knows of', async (context) => {
    const { door } = faults.stage
    const tally = await faults.letters.under({}, async () => {
      for (let n = 0; n < 40; n++) {
        door.cut()
        await sleep(100)
      }
      door.refuse()
      door.cut()
      await sleep(CUT)
      door.refuse(false)
    })
    await kept(context, tally)
  })

  test('its answers do not come, and connections end then: what was done is not done again', async (context) => {
    const { door } = faults.stage
    const tally = await faults.letters.under({}, async () => {
      for (let n = 0; n < 5; n++) {
        door.pause('answers')
        await sleep(300)
        door.cut()
        door.resume()
        await sleep(300)
      }
    })
    await kept(context, tally)
  })

  test('it is slow: edges take mail as fast as before, and all of it comes', async (context) => {
    const { door } = faults.stage
    const tally = await faults.letters.under({}, async (flows) => {
      door.delay(100)
      await flows()
      await sleep(CUT)
    })
    door.delay(0)
    await kept(context, tally)
  })

  test('it moves to the other host that the URL names: nothing is lost', async (context) => {
    const { stage } = faults
    await using other = await PostgresDoor.before(stage.postgres)
    const env = {
      CARTERO_SERVICES__POSTGRES__URL: `postgres://cartero@127.0.0.1:${stage.door.port},127.0.0.1:${other.port}/postgres`,
    }
    for (const agent of ['mta', 'mda', 'directory', 'imap'] as const) {
      await stage.agent(agent).end()
      await stage.run(agent, { env }).told('agent.serves')
    }
    const tally = await faults.letters.under({}, async (flows) => {
      stage.door.refuse()
      stage.door.cut()
      await flows()
    })
    await kept(context, tally)
    stage.door.refuse(false)
  })

  test('a letter that came twice would be found', async () => {
    await faults.letters.areKept()
    const [id] = await faults.letters.ids()
    await faults.letter('tim@cartero.test', `letter ${id}`)
    await faults.until(() =>
      faults.letters.areKept().then(
        () => false,
        (error: Error) => /twice|two mailboxes/.test(error.message),
      ),
    )
  })
})
