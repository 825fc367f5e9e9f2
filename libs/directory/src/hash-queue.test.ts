import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { DirectoryError } from './directory-error.ts'
import { HashQueue } from './hash-queue.ts'

/** Work that ends when the test says so. */
function works(count: number) {
  const started: number[] = []
  const endings: (() => void)[] = []
  const list = Array.from({ length: count }, (_, n) => () => {
    started.push(n)
    return new Promise<number>((resolve) => (endings[n] = () => resolve(n)))
  })
  return { started, list, end: (n: number) => endings[n]!() }
}

describe('the hash queue', () => {
  test('runs two at a time, the others in the order in which they came', async () => {
    const queue = new HashQueue(2, 10)
    const { started, list, end } = works(5)
    const results = list.map((work) => queue.run(work))
    assert.deepEqual(started, [0, 1])
    end(1)
    await results[1]
    assert.deepEqual(started, [0, 1, 2])
    end(0)
    await results[0]
    end(2)
    await results[2]
    assert.deepEqual(started, [0, 1, 2, 3, 4])
    end(3)
    end(4)
    assert.deepEqual(await Promise.all(results), [0, 1, 2, 3, 4])
  })

  test('refuses those for whom there is no place to wait, and only those', async () => {
    const queue = new HashQueue(1, 1)
    const { list, end } = works(2)
    const results = list.map((work) => queue.run(work))
    await assert.rejects(
      queue.run(() => Promise.resolve()),
      (error) => error instanceof DirectoryError && error.fault === 'busy',
    )
    end(0)
    await results[0]
    end(1)
    await results[1]
    assert.equal(await queue.run(() => Promise.resolve('free again')), 'free again')
  })

  test('peers take turns, and who is known goes before all strangers', async () => {
    const queue = new HashQueue(1, 10)
    const { started, list, end } = works(6)
    const from = ['flood', 'flood', 'flood', 'flood', 'other', 'owner']
    const results = list.map((work, n) => queue.run(work, { from: from[n]!, isKnown: from[n] === 'owner' }))
    for (const n of [0, 5, 1, 4, 2, 3]) {
      assert.equal(started.at(-1), n)
      end(n)
      await results[n]
    }
  })

  test('a flood that fills all places loses one to whoever comes, and not the other way round', async () => {
    const queue = new HashQueue(1, 3)
    const { list, end } = works(6)
    const isBusy = (error: unknown): boolean => error instanceof DirectoryError && error.fault === 'busy'
    const flood = { from: 'flood', isKnown: false }
    const running = queue.run(list[0]!, flood)
    const waiting = [1, 2, 3].map((n) => queue.run(list[n]!, flood))
    const stranger = queue.run(list[4]!, { from: 'stranger', isKnown: false })
    await assert.rejects(waiting[2]!, isBusy)
    await assert.rejects(queue.run(list[5]!, flood), isBusy)
    const owner = queue.run(list[5]!, { from: 'owner', isKnown: true })
    await assert.rejects(waiting[1]!, isBusy)
    for (const [n, result] of [
      [0, running],
      [5, owner],
      [1, waiting[0]],
      [4, stranger],
    ] as const) {
      end(n)
      assert.equal(await result, n)
    }
  })

  test('a place is free before the one who had it is answered, so that whoever is then made to wait holds none', async () => {
    const queue = new HashQueue(1, 1)
    const { started, list, end } = works(2)
    const startedThen = queue.run(list[0]!).then(() => started.length)
    const second = queue.run(list[1]!)
    end(0)
    assert.equal(await startedThen, 2)
    end(1)
    await second
  })

  test('does not lose a place to work that fails', async () => {
    const queue = new HashQueue(1, 1)
    await assert.rejects(queue.run(() => Promise.reject(new Error('broken'))))
    assert.equal(await queue.run(() => Promise.resolve('runs')), 'runs')
  })
})
