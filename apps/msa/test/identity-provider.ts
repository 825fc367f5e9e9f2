import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

const ISSUER = 'https://id.cartero.test'
export const AUDIENCE = 'mail.cartero.test'

/** Who gives our users tokens, and publishes its key over HTTP on this machine. */
export class IdentityProvider implements Disposable {
  readonly issuer = ISSUER
  readonly #server: Server
  readonly #key: KeyObject

  private constructor(server: Server, key: KeyObject) {
    this.#server = server
    this.#key = key
  }

  static async open(): Promise<IdentityProvider> {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const keys = JSON.stringify({ keys: [{ ...publicKey.export({ format: 'jwk' }), alg: 'ES256' }] })
    const server = createServer((_request, response) => response.end(keys))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new IdentityProvider(server, privateKey)
  }

  get jwks(): URL {
    return new URL(`http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/keys`)
  }

  /** A token for an hour. RFC 7519 */
  token(email: string, audience: string = AUDIENCE): string {
    const now = Math.floor(Date.now() / 1000)
    const claims = { iss: ISSUER, aud: audience, iat: now, exp: now + 3600, email }
    const signed = [{ alg: 'ES256' }, claims]
      .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
      .join('.')
    const signature = sign('sha256', Buffer.from(signed), { key: this.#key, dsaEncoding: 'ieee-p1363' })
    return `${signed}.${signature.toString('base64url')}`
  }

  [Symbol.dispose](): void {
    this.#server.closeAllConnections()
    this.#server.close()
  }
}
