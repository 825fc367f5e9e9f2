// Agents that are killed, twice there, told to leave, or away: what was answered 250 is in one mailbox, once.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'

import { FaultStage } from './apart-faults.ts'
import { APART_LACKS } from './apart-stage.ts'

describe('agents apart that fail', { skip: APART_LACKS }, () => {
  let faults: FaultStage

  before(async () => {
    faults = await FaultStage.start()
  })
  after(() => faults[Symbol.asyncDispose]())

  test('each is killed under load and started again: nothing is lost and nothing comes twice', async (context) => {
    const tally = await faults.letters.under({}, async () => {
      for (const agent of ['mx', 'mda', 'mta', 'directory', 'imap', 'msa', 'console', 'mda'] as const)
        await faults.kill(agent)
    })
    context.diagnostic(JSON.stringify(tally))
    await faults.letters.areKept()
    assert.deepEqual(
      [...faults.letters.outwardTwice.values()].filter((times) => times > 2),
      [],
    )
  })
})
