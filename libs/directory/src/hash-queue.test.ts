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

  test('does not lose a place to work that fails', async () => {
    const queue = new HashQueue(1, 1)
    await assert.rejects(queue.run(() => Promise.reject(new Error('broken'))))
    assert.equal(await queue.run(() => Promise.resolve('runs')), 'runs')
  })
})
