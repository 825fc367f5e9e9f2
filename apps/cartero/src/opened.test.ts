import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Opened } from './opened.ts'

class Shelf extends Opened<string> {
  readonly closed: string[] = []
  readonly #fault: Error | undefined

  constructor(fault?: Error) {
    super('shelf')
    this.#fault = fault
  }

  protected async openAll(closing: AsyncDisposableStack): Promise<string> {
    closing.defer(() => void this.closed.push('first'))
    closing.defer(() => void this.closed.push('second'))
    if (this.#fault !== undefined) throw this.#fault
    return 'books'
  }
}

test('what is asked for before it was opened is a bug with a name', () => {
  assert.throws(() => new Shelf().open, /shelf: asked for before/)
})

test('what was opened is there until it is stopped, and closed in reverse', async () => {
  const shelf = new Shelf()
  await shelf.start()
  assert.equal(shelf.open, 'books')
  assert.deepEqual(shelf.closed, [])
  await shelf.stop()
  assert.deepEqual(shelf.closed, ['second', 'first'])
})

test('a start that fails leaves nothing open', async () => {
  const shelf = new Shelf(new Error('no room'))
  await assert.rejects(shelf.start(), /no room/)
  assert.deepEqual(shelf.closed, ['second', 'first'])
  assert.throws(() => shelf.open, /before it was opened/)
})
