// Appends for ever, from the letter whose number is the second argument, and says what was acknowledged. It is killed.

import { writeSync } from 'node:fs'

import { openSqliteMailStore } from '@cartero/mailstore/sqlite'
import { SqlWorker } from '@cartero/sql'

import { numbered } from './numbered.ts'

const [, , file = '', from = '0'] = process.argv
const store = await openSqliteMailStore({ worker: new SqlWorker(), file })
await store.provision('ann')

let next = Number(from)

async function appendForEver(): Promise<never> {
  for (;;) {
    const numbers = Array.from({ length: 3 }, () => next++)
    const outcomes = await store.append(numbers.map(numbered))
    for (const [at, outcome] of outcomes.entries()) {
      writeSync(1, `${numbers[at]} ${outcome.kind} ${outcome.kind === 'appended' ? outcome.uid : 0}\n`)
    }
  }
}

await Promise.all([appendForEver(), appendForEver(), appendForEver(), appendForEver()])
