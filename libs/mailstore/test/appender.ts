// Appends for ever, from the letter whose number is the second argument, and says what was acknowledged. It is killed. The first argument
// is a file of SQLite, or the URL of a Postgres, whose schema is the third.

import { writeSync } from 'node:fs'

import { LocalNews } from '@cartero/bus/memory'
import { openPostgresMailStore } from '@cartero/mailstore/postgres'
import { openSqliteMailStore } from '@cartero/mailstore/sqlite'
import { SqlWorker } from '@cartero/sql'
import { Postgres } from '@cartero/sql/postgres'

import { numbered } from './numbered.ts'

const [, , place = '', from = '0', schema = ''] = process.argv
const store = place.startsWith('postgres:')
  ? await openPostgresMailStore({ database: new Postgres({ url: place, schema }), news: new LocalNews() })
  : await openSqliteMailStore({ worker: new SqlWorker(), file: place })
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
