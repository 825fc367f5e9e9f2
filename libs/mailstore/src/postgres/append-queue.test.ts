import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'

import { SqlError } from '@cartero/sql/postgres'

import type { AppendAnswer, AppendCall } from './append.ts'
import { APPEND_LIMITS, AppendQueue } from './append-queue.ts'
import { Lanes } from './lanes.ts'

function call(name: string, accounts: readonly string[], octets = 10): AppendCall {
  const lines = accounts.map((account) => ({
    account,
    mailbox: 'INBOX',
    create: false,
    content: name,
    prefix: Buffer.alloc(octets),
    structure: Buffer.alloc(0),
    size: octets,
    flags: 0,
    keywords: '',
    internalDate: 0,
    key: null,
  }))
  return { lines, allOrNothing: false }
}

const nothing: AppendAnswer = { outcomes: [], made: [] }
const nameOf = ({ lines }: AppendCall) => lines[0]?.content ?? ''

/** A queue whose transactions end when the test says so. */
function scene(failing: (names: readonly string[]) => Error | undefined = () => undefined) {
  const lanes = new Lanes()
  const begun: string[][] = []
  const ends: (() => void)[] = []
  const queue = new AppendQueue(lanes, async (calls) => {
    const names = calls.map(nameOf)
    begun.push(names)
    await new Promise<void>((resolve) => ends.push(resolve))
    const error = failing(names)
    if (error) throw error
    return calls.map(() => nothing)
  })
  const end = async () => {
    ends.shift()?.()
    await turn()
  }
  return { lanes, queue, begun, end }
}

describe('appends that arrive together', () => {
  test('share a transaction with those that came while one ran', async () => {
    const { queue, begun, end } = scene()
    void queue.append(call('1', ['ann']))
    await turn()
    void queue.append(call('2', ['ann', 'ben']))
    void queue.append(call('3', ['ann']))
    await end()
    assert.deepEqual(begun, [['1'], ['2', '3']])
    await end()
  })

  test('do not overtake somebody who reads between them', async () => {
    const { lanes, queue, begun, end } = scene()
    void queue.append(call('1', ['ann']))
    const seen: string[][][] = []
    void lanes.read('ann', async () => void seen.push([...begun]))
    void queue.append(call('2', ['ann']))
    await turn()
    assert.deepEqual([begun, seen], [[['1']], []])
    await end()
    assert.deepEqual([begun, seen], [[['1'], ['2']], [[['1']]]])
    await end()
  })

  test('are not one transaction when they are many or large', async () => {
    const { queue, begun, end } = scene()
    void queue.append(call('0', ['ann']))
    await turn()
    const many = Array.from({ length: APPEND_LIMITS.messages }, () => 'ann')
    void queue.append(call('many', many))
    void queue.append(call('more', ['ann']))
    void queue.append(call('large', ['ann'], APPEND_LIMITS.octets))
    await end()
    await end()
    await end()
    assert.deepEqual(begun, [['0'], ['many'], ['more'], ['large']])
    await end()
  })

  test('are refused when so many wait that memory would fill', async () => {
    const { queue } = scene()
    void queue.append(call('0', ['ann']))
    await turn()
    void queue.append(call('many', Array<string>(APPEND_LIMITS.waiting).fill('ann'), 0))
    await assert.rejects(queue.append(call('more', ['ann'])), { fault: 'busy' })
  })

  test('one that cannot be written does not take the others along', async () => {
    const { queue, begun, end } = scene((names) =>
      names.includes('bad') ? new SqlError('bug', 'of one') : undefined,
    )
    const outcomes = Promise.allSettled([
      queue.append(call('good', ['ann'])),
      queue.append(call('bad', ['ann'])),
      queue.append(call('fine', ['ben'])),
    ])
    for (let transactions = 0; transactions < 4; transactions++) {
      await turn()
      await end()
    }
    assert.deepEqual(
      (await outcomes).map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled'],
    )
    assert.deepEqual(begun, [['good', 'bad', 'fine'], ['good'], ['bad'], ['fine']])
  })

  test('are not tried one by one against a database that is away', async () => {
    const { queue, begun, end } = scene(() => new SqlError('busy', 'away'))
    const outcomes = Promise.allSettled([queue.append(call('1', ['ann'])), queue.append(call('2', ['ben']))])
    await turn()
    await end()
    assert.deepEqual(
      (await outcomes).map(({ status }) => status),
      ['rejected', 'rejected'],
    )
    assert.equal(begun.length, 1)
  })
})
