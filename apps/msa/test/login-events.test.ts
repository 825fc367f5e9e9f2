// What the operator reads of logins.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MsaStage } from './msa-stage.ts'

const plain = (words: string): string => `AUTH PLAIN ${Buffer.from(words).toString('base64')}`

test('each login is told with who it was, and each failure with why', async () => {
  await using stage = await MsaStage.open({ limits: { authFailureDelay: 0 } })
  using client = await stage.client()
  await client.smtp(plain('\0alice@cartero.test\0guess'))
  const { peer, login, mechanism, reason, sid } = stage.ground.told('auth.failed')
  assert.deepEqual(
    { peer, login, mechanism, reason },
    { peer: '127.0.0.1', login: 'alice@cartero.test', mechanism: 'PLAIN', reason: 'credentials' },
  )
  await client.smtp(plain('\0alice@cartero.test\0alice words'))
  const told = stage.ground.told('auth.succeeded')
  assert.deepEqual(
    { peer: told['peer'], account: told['account'], mechanism: told['mechanism'], sid: told['sid'] },
    { peer: '127.0.0.1', account: 'alice@cartero.test', mechanism: 'PLAIN', sid },
  )
})
