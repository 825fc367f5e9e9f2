import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'

import { untilDot } from './until-dot.ts'

async function read(text: string, size: number): Promise<string> {
  async function* pieces(): AsyncGenerator<Buffer> {
    for (let at = 0; at < text.length; at += size) yield Buffer.from(text.slice(at, at + size))
  }
  let found = ''
  for await (const piece of untilDot(pieces())) found += piece.toString()
  return found
}

test('a dot alone ends a message, and no other dot does, however it is cut', async () => {
  for (const [text, expected] of [
    ['a\n.\nb\n', 'a\n'],
    ['a\r\n.\r\nb', 'a\r\n'],
    ['.\nb', ''],
    ['a\n.', 'a\n'],
    ['a\n.b\n..\n. \n', 'a\n.b\n..\n. \n'],
    ['a.\n', 'a.\n'],
    ['a\n.\rb\n', 'a\n.\rb\n'],
    ['', ''],
  ] as const)
    for (const size of [1, 2, 3, 100]) assert.equal(await read(text, size), expected, JSON.stringify(text))
})

test('how it is cut makes no difference', () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom('.', '\n', '\r', 'a'), { maxLength: 20 }),
      fc.integer({ min: 1, max: 5 }),
      async (octets, size) => {
        const text = octets.join('')
        assert.equal(await read(text, size), await read(text, 100))
      },
    ),
  ))
