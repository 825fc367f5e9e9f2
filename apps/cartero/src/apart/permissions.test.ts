import assert from 'node:assert/strict'
import { test } from 'node:test'

import { RpcChannel, RpcServer, type AgentIdentity } from '@cartero/bus/grpc'
import { DirectoryServiceDefinition } from '@cartero/contracts/directory'
import { openMemoryDirectory } from '@cartero/directory/memory'
import { directoryOffer } from '@cartero/directory/remote'
import { TestAuthority } from '@cartero/testkit'

import { DIRECTORY_PERMISSIONS } from './permissions.ts'

const root = TestAuthority.root('Agents')

function identityOf(commonName: string): AgentIdentity {
  const { certificate, key } = root.issue({ commonName, names: ['localhost'] })
  return {
    authority: Buffer.from(root.certificate),
    certificate: Buffer.from(certificate),
    key: Buffer.from(key),
  }
}

test('whoever has the certificate of mx can neither make accounts nor guess at passwords', async (context) => {
  const directory = openMemoryDirectory()
  const server = new RpcServer({
    address: 'localhost:0',
    identity: identityOf('directory'),
    offers: [directoryOffer(directory, { callers: DIRECTORY_PERMISSIONS })],
    bug: (error) => assert.fail(String(error)),
  })
  const port = await server.listen()
  context.after(() => server.close(AbortSignal.abort()))
  const as = (agent: string) => {
    const channel = new RpcChannel({ address: `localhost:${port}`, identity: identityOf(agent) })
    context.after(() => channel.close())
    return channel.service(DirectoryServiceDefinition)
  }
  const login = { login: 'tim@example.org', password: 'guess' }
  const mayNot = { code: 'PERMISSION_DENIED' }
  assert.equal((await as('mx').Resolve({ addresses: ['tim@example.org'] })).resolutions.length, 1)
  await assert.rejects(as('mx').Authenticate(login), mayNot)
  await assert.rejects(as('mx').SetPassword({ address: 'tim@example.org', password: 'mine now' }), mayNot)
  await assert.rejects(as('msa').ListAccounts({ domain: '' }), mayNot)
  assert.deepEqual((await as('console').ListAccounts({ domain: '' })).accounts, [])
})
