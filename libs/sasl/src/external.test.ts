import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { TlsPeer } from '@cartero/wire'
import { ExternalClient, ExternalServer } from './external.ts'
import { SaslClientError } from './mechanism.ts'

const peer: TlsPeer = { commonName: 'Tim', emails: ['tim@example.org'], names: [], fingerprint: 'ab' }
const server = (): ExternalServer =>
  new ExternalServer(peer, async ({ emails }, claimed) =>
    claimed === '' || emails.includes(claimed) ? emails[0] : undefined,
  )

describe('EXTERNAL', () => {
  test('an empty message leaves who it is to the certificate', async () => {
    const client = new ExternalClient('')
    assert.deepEqual(await server().next(client.initial()), { kind: 'success', account: 'tim@example.org' })
    assert.throws(() => client.respond(), SaslClientError)
  })

  test('a name must be one of the certificate', async () => {
    assert.equal((await server().next(Buffer.from('tim@example.org'))).kind, 'success')
    assert.deepEqual(await server().next(Buffer.from('ceo@example.org')), {
      kind: 'failure',
      reason: 'credentials',
      login: 'ceo@example.org',
    })
  })

  test('without initial response the server asks with no octets', () => {
    assert.deepEqual(server().next(undefined), { kind: 'challenge', bytes: Buffer.alloc(0) })
  })

  test('what is not a name is malformed', async () => {
    for (const octets of [Buffer.from('a\0b'), Buffer.from([0xff]), Buffer.alloc(1025, 'a')]) {
      assert.deepEqual(await server().next(octets), { kind: 'failure', reason: 'malformed' })
    }
  })
})
