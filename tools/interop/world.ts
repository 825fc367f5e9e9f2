import { createHash, randomInt, X509Certificate } from 'node:crypto'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  NAMED_LACKS,
  startNameServer,
  TestAuthority,
  type NameServer,
  type NameServerOptions,
  type TestIdentity,
} from '@cartero/testkit'
import { openNameDoor } from './name-door.ts'

/** For a test's `skip`: false where a world can be made, else why not. */
export const WORLD_LACKS: string | false =
  process.getuid?.() === 0 ? NAMED_LACKS : 'the ports of mail, names and HTTPS are for root only'

/**
 * A network of its own on loopback, in which everybody has an address to himself and is at the port where the world looks for
 * him: mail at 25, names at 53, policies at 443. Nothing that takes part needs to be told of other ports.
 */
export class World implements AsyncDisposable {
  readonly #network = `127.${randomInt(100, 250)}.${randomInt(0, 256)}`
  #names: NameServer | undefined
  #door: AsyncDisposable | undefined

  #folder: string | undefined
  #authority: TestAuthority | undefined

  /** For all that takes part; anybody may enter it. */
  get folder(): string {
    if (this.#folder === undefined) {
      this.#folder = mkdtempSync(join(tmpdir(), 'cartero-world-'))
      chmodSync(this.#folder, 0o755)
    }
    return this.#folder
  }

  /** Vouches for everybody who is issued a certificate here. */
  get authority(): TestAuthority {
    return (this.#authority ??= TestAuthority.root('World root'))
  }

  /** @param host from 1 to 254 */
  address(host: number): string {
    return `${this.#network}.${host}`
  }

  /** Of the resolver, as `address:port`. */
  get nameServer(): string {
    return this.#names!.server
  }

  /** A file with the certificates of those who are believed. */
  get authorities(): string {
    return join(this.folder, 'authorities.pem')
  }

  /** A resolv.conf for those who ask the system's resolver. */
  get resolver(): string {
    return join(this.folder, 'resolv.conf')
  }

  /** Rejects when a zone has an error. */
  async serve(names: NameServerOptions): Promise<void> {
    writeFileSync(this.authorities, this.authority.certificate)
    writeFileSync(this.resolver, `nameserver ${this.address(253)}\noptions trust-ad\n`)
    this.#names = await startNameServer(names)
    this.#door = await openNameDoor(this.address(253), this.#names.port)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#door?.[Symbol.asyncDispose]()
    await this.#names?.stop()
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5 })
  }
}

/** The TLSA record of a certificate that needs nobody to vouch for it, as master files have it. */
// RFC 7672 §3.1.1
export function tlsaOf({ certificate }: TestIdentity): string {
  const key = new X509Certificate(certificate).publicKey.export({ type: 'spki', format: 'der' })
  return `3 1 1 ${createHash('sha256').update(key).digest('hex')}`
}
