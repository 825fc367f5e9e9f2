import assert from 'node:assert/strict'
import { test } from 'node:test'
import { octetClass, Scanner, SyntaxFault } from './scanner.ts'

const LETTERS = octetClass('', ['a', 'z'], ['A', 'Z'])

test('a literal is matched whatever its case and not beyond the end', () => {
  const scanner = new Scanner(Buffer.from('MaIl FROM'))
  assert.ok(scanner.literal('mail'))
  assert.equal(scanner.rest().toString(), ' FROM')
  assert.equal(scanner.literal(' from:'), false)
  assert.equal(scanner.offset, 4)
})

test('a literal does not match characters that differ by the case bit only', () => {
  assert.equal(new Scanner(Buffer.from('@')).literal('`'), false)
  assert.equal(new Scanner(Buffer.from('[')).literal('{'), false)
})

test('run takes nothing outside its class', () => {
  const scanner = new Scanner(Buffer.from('abc1'))
  assert.equal(scanner.run(LETTERS), 'abc')
  assert.equal(scanner.run(LETTERS), undefined)
})

test('a syntax fault says where and what was expected', () => {
  const scanner = new Scanner(Buffer.from('ab1'))
  scanner.run(LETTERS)
  assert.throws(
    () => scanner.expectRun(LETTERS, 'atom'),
    (error: unknown) => error instanceof SyntaxFault && error.offset === 2 && error.expected === 'atom',
  )
})
