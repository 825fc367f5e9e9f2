// A broker of three servers that loses one, its leader, or all: what was answered 250 is in one mailbox, once.
import assert from 'node:assert/strict'
import { after, before, describe, test, type TestContext } from 'node:test'

import { FaultStage } from './apart-faults.ts'
import { APART_LACKS } from '@cartero/testkit/apart'
import type { Tally } from './promised-letters.ts'

const NODES = [0, 1, 2]

describe('agents apart over a broker that fails', { skip: APART_LACKS }, () => {
  let faults: FaultStage

  before(async () => {
    faults = await FaultStage.start({ nodes: NODES.length })
  })
  after(() => faults?.[Symbol.asyncDispose]())

  async function kept(context: TestContext, tally: Tally): Promise<void> {
    context.diagnostic(JSON.stringify(tally))
    await faults.letters.areKept()
  }

  test('one server is killed that does not lead: mail flows, and nothing is lost', async (context) => {
    const { nats } = faults.stage
    const leader = await nats.leaderOf('INTAKE')
    const other = NODES.find((node) => node !== leader)!
    const tally = await faults.letters.under({}, async (flows) => {
      await nats.kill(other)
      await flows()
      await nats.resume(other)
    })
    await kept(context, tally)
  })

  test('the leader of the intake is killed: another one leads, and nothing is lost', async (context) => {
    const { nats } = faults.stage
    const leader = await nats.leaderOf('INTAKE')
    const tally = await faults.letters.under({}, async (flows) => {
      await nats.kill(leader)
      await flows()
      await nats.resume(leader)
    })
    await kept(context, tally)
    assert.notEqual(tally.promised, 0)
  })

  test('all servers are killed: edges say 451 at once, stay, and take mail again by themselves', async (context) => {
    const { stage } = faults
    const edges = ['mx', 'msa'].map((edge) => stage.agent(edge))
    const tally = await faults.letters.under({}, async () => {
      await Promise.all(NODES.map((node) => stage.nats.kill(node)))
      await faults.until(async () => (await faults.letter('tim@cartero.test')).startsWith('451 '))
      assert.match(await faults.login(), /^235 /)
      assert.equal((await stage.probe('mx', '/livez')).status, 200)
      assert.equal((await stage.probe('mx', '/readyz')).status, 503)
      await Promise.all(NODES.map((node) => stage.nats.resume(node)))
    })
    assert.ok(edges.every(({ isRunning }) => isRunning))
    assert.ok(tally.later > 0)
    await kept(context, tally)
  })

  test('all servers are silent: edges say 451 in time, and take mail again by themselves', async (context) => {
    const { stage } = faults
    const tally = await faults.letters.under({}, async () => {
      for (const node of NODES) stage.nats.pause(node)
      await faults.until(async () => (await faults.letter('tim@cartero.test')).startsWith('451 '))
      for (const node of NODES) stage.nats.continue(node)
    })
    await kept(context, tally)
  })
})
