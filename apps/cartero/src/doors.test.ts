import assert from 'node:assert/strict'
import { test } from 'node:test'

import { checkDoors } from './doors.ts'

const never = new AbortController().signal

async function fails(host: string, message: RegExp, remedy: RegExp): Promise<void> {
  const addresses = [1, 2].map((offset) => ({ host, port: 40_000 + offset }))
  const doors = checkDoors({ addresses, remedy: 'stop the other program' })
  await assert.rejects(async () => doors.start?.(never), { name: 'OperatorError', message, remedy })
}

test('a host that no name service knows is a sentence with a fix, told once for all its doors', async () => {
  // RFC 6761 §6.4
  await fails('host.invalid', /^cannot listen on host\.invalid: the name service [^;]*$/, /write an address/)
})

test('an address of another machine is a sentence with a fix', async () => {
  // RFC 5737 §3
  await fails(
    '192.0.2.1',
    /^cannot listen on 192\.0\.2\.1: this machine has no such address [^;]*$/,
    /0\.0\.0\.0/,
  )
})
