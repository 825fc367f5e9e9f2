import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HeaderBlock } from '../header-block.ts'
import { mtPriorityField, parseMtPriority } from './mt-priority.ts'
import { solicitationsOf } from './solicitation.ts'
import { isTlsOptional } from './tls-required.ts'

const header = (...lines: string[]): HeaderBlock =>
  HeaderBlock.parse(Buffer.from(`${lines.join('\r\n')}\r\n\r\n`))

test('only a plain `TLS-Required: No` lets a message leave TLS', () => {
  for (const line of ['TLS-Required: No', 'tls-required:NO', 'TLS-Required:\r\n no '])
    assert.ok(isTlsOptional(header('Subject: x', line)), line)
  for (const lines of [
    [],
    ['TLS-Required: Yes'],
    ['TLS-Required:'],
    ['TLS-Required: No', 'TLS-Required: No'],
    ['TLS-Required: No, thanks'],
    ['X-TLS-Required: No'],
  ])
    assert.ok(!isTlsOptional(header('Subject: x', ...lines)), lines.join())
})

test('kinds of solicitation are read from all fields, and nothing else is', () => {
  assert.deepEqual(
    solicitationsOf(
      header('Solicitation: net.example:ADV', 'Solicitation: org.example:ADV:ADLT , NET.example:adv'),
    ),
    ['net.example:ADV', 'org.example:ADV:ADLT'],
  )
  assert.deepEqual(solicitationsOf(header('Solicitation: 1net, a b, <x>, , é', 'X: net.example:ADV')), [])
  assert.deepEqual(solicitationsOf(header(`Solicitation: ${'a,'.repeat(600)}`)), [])
})

test('a priority is a whole number between -9 and 9, or none', () => {
  for (let priority = -9; priority <= 9; priority++) {
    const field = HeaderBlock.parse(mtPriorityField(priority)).fields[0]!
    assert.equal(field.name, 'MT-Priority')
    assert.equal(parseMtPriority(field.rawValue), priority)
  }
  assert.equal(parseMtPriority(Buffer.from(' -3 (not so (very) urgent)\r\n ')), -3)
  for (const value of ['', '10', '-0', '+3', '03', '3 4', 'high', '--3', '3;x', '3.0'])
    assert.equal(parseMtPriority(Buffer.from(value)), undefined, value)
  for (const priority of [10, -10, 0.5, Number.NaN])
    assert.throws(() => mtPriorityField(priority), RangeError)
})
