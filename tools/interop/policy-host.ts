import { once } from 'node:events'
import { createServer } from 'node:https'
import type { TestIdentity } from '@cartero/testkit'

/** A host of MTA-STS policies, by domain, at the port of HTTPS. */
// RFC 8461 §3.3
export async function startPolicyHost(
  address: string,
  identity: TestIdentity,
  policies: Readonly<Record<string, string>>,
): Promise<AsyncDisposable> {
  const server = createServer({ cert: identity.certificate, key: identity.key }, (request, response) => {
    const policy = policies[(request.headers.host ?? '').replace(/^mta-sts\./, '')]
    const isThere = request.url === '/.well-known/mta-sts.txt' && policy !== undefined
    response.writeHead(isThere ? 200 : 404, { 'content-type': 'text/plain' }).end(policy)
  })
  server.listen(443, address)
  await once(server, 'listening')
  return {
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

export function policyOf(mode: 'enforce' | 'testing', mx: string): string {
  return `version: STSv1\nmode: ${mode}\nmx: ${mx}\nmax_age: 86400\n`
}
