// The one-process shape loads nothing of what agents apart need: it starts as quickly, and is as small, as without it.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

import { CarteroProcess } from '@cartero/testkit'

import { awaitedLetter } from './awaited-letter.ts'
import { cartero, temporaryFolder } from './cartero-command.ts'

const HOOK = fileURLToPath(new URL('./loaded-modules.ts', import.meta.url))

/** Drivers, what carries between processes, and the composition of agents apart. */
const APART =
  /\/node_modules\/(nats|pg|@grpc)\/|\/libs\/bus\/|\/(postgres|jetstream|remote|packs|s3|nats)\/index\.ts$|\/src\/apart\//

test('a system in one process loads no driver, no broker and no gRPC, also when mail went through it', async (context) => {
  const folder = temporaryFolder(context)
  const file = join(folder, 'loaded')
  const env = { LOADED_MODULES: file, NODE_OPTIONS: `--import=${HOOK}` }
  await using system = await CarteroProcess.start({ env })
  const { code, err } = await cartero(
    ['sendmail', '--data', system.data, '-f', 'alice', 'bob@cartero.test'],
    {
      input: 'Subject: hello\n\nx\n',
    },
  )
  assert.equal(code, 0, err)
  await awaitedLetter(system, 'bob', 'Subject: hello')
  const loaded = readFileSync(file, 'utf8').trim().split('\n')
  assert.ok(
    loaded.some((url) => url.endsWith('/apps/cartero/src/compose.ts')),
    'nothing was noted',
  )
  assert.deepEqual(
    loaded.filter((url) => APART.test(url)),
    [],
  )
})

test('an agent apart is seen to load them: the test can fail', async (context) => {
  const folder = temporaryFolder(context)
  const file = join(folder, 'loaded')
  const services = {
    CARTERO_SERVICES__NATS__SERVERS: '127.0.0.1:1',
    CARTERO_SERVICES__DIRECTORY: 'localhost:1',
  }
  const { code } = await cartero(['run', 'imap', '--data', folder], {
    env: {
      ...services,
      CARTERO_SERVICES__POSTGRES__URL: 'postgres://cartero@127.0.0.1:1/cartero',
      CARTERO_SERVICES__PATIENCE: '1s',
      CARTERO_LISTEN__HTTP: '127.0.0.1:0',
      CARTERO_LISTEN__IMAP: '127.0.0.1:0',
      CARTERO_LISTEN__IMAPS: '127.0.0.1:0',
      LOADED_MODULES: file,
      NODE_OPTIONS: `--import=${HOOK}`,
    },
  })
  assert.equal(code, 1)
  assert.ok(APART.test(readFileSync(file, 'utf8')))
})
