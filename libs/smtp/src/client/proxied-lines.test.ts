import assert from 'node:assert/strict'
import { test } from 'node:test'
import { COMMAND_LINE_OCTETS } from './limits.ts'
import { proxiedLines } from './proxied-lines.ts'

test('a client of long names is told in lines that every server takes, and nothing of it is lost', () => {
  const client = { name: 'n'.repeat(255), helo: 'h'.repeat(255), login: 'l'.repeat(255), port: 25 }
  const lines = proxiedLines('XCLIENT', client, 'NAME HELO LOGIN PORT')
  for (const line of lines) assert.ok(line.length <= COMMAND_LINE_OCTETS)
  assert.deepEqual(
    lines.flatMap((line) => line.split(' ').filter((word) => word !== 'XCLIENT')),
    [`NAME=${client.name}`, `HELO=${client.helo}`, `LOGIN=${client.login}`, 'PORT=25'],
  )
  assert.equal(lines.length, 3)
})

test('a server is told nothing that it did not offer to hear', () => {
  const client = { name: 'host.example', port: 25 }
  assert.deepEqual(proxiedLines('XFORWARD', client, 'ADDR port'), ['XFORWARD PORT=25'])
  assert.deepEqual(proxiedLines('XFORWARD', client, undefined), [])
})
