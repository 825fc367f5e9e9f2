import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'

import { Lanes } from './lanes.ts'

/** Something that is done when the test says so. */
function deeds() {
  const begun: string[] = []
  const ends = new Map<string, () => void>()
  const act = (name: string) => async () => {
    begun.push(name)
    await new Promise<void>((resolve) => ends.set(name, resolve))
  }
  const end = async (name: string) => {
    ends.get(name)?.()
    await turn()
  }
  return { begun, act, end }
}

describe('lanes', () => {
  test('a write waits for the reads before it, and a read for the writes', async () => {
    const lanes = new Lanes()
    const { begun, act, end } = deeds()
    void lanes.read('ann', act('read 1'))
    void lanes.read('ann', act('read 2'))
    void lanes.write('ann', act('write 3'))
    void lanes.read('ann', act('read 4'))
    await turn()
    assert.deepEqual(begun, ['read 1', 'read 2'])
    await end('read 2')
    assert.equal(begun.length, 2)
    await end('read 1')
    assert.deepEqual(begun.slice(2), ['write 3'])
    await end('write 3')
    assert.deepEqual(begun.slice(3), ['read 4'])
  })

  test('nobody waits for another account', async () => {
    const lanes = new Lanes()
    const { begun, act } = deeds()
    void lanes.write('ann', act('ann'))
    void lanes.write('ben', act('ben'))
    await turn()
    assert.deepEqual(begun, ['ann', 'ben'])
  })

  test('what fails holds up nobody', async () => {
    const lanes = new Lanes()
    const failing = lanes.write('ann', () => Promise.reject(new Error('full')))
    const after = lanes.write('ann', () => Promise.resolve('done'))
    await assert.rejects(failing, /full/)
    assert.equal(await after, 'done')
  })

  test('an account for which nothing is under way takes no memory', async () => {
    const lanes = new Lanes()
    const { act, end } = deeds()
    void lanes.read('ann', act('ann'))
    void lanes.write('ben', act('ben'))
    await turn()
    assert.equal(lanes.size, 2)
    await end('ann')
    await end('ben')
    assert.equal(lanes.size, 0)
  })
})
