import { StubResolver } from '@cartero/dns/stub'

import type { CarteroConfig } from '../config.ts'
import { Opened } from '../opened.ts'

/** Whom the DNS is asked through. */
export function nameServers({ dns }: CarteroConfig): Opened<StubResolver> {
  return new NameServers(dns)
}

class NameServers extends Opened<StubResolver> {
  readonly #dns: CarteroConfig['dns']

  constructor(dns: CarteroConfig['dns']) {
    super('name servers')
    this.#dns = dns
  }

  protected async openAll(closing: AsyncDisposableStack): Promise<StubResolver> {
    const { servers, trustAd, patience, rounds, cached } = this.#dns
    return closing.use(
      new StubResolver({
        ...(servers.length > 0 && { servers }),
        trustAd,
        limits: { tryMs: patience, rounds, cached },
      }),
    )
  }
}
