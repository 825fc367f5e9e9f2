import type { Collection, DirectoryService } from '@cartero/contracts/directory'
import type { QueueOffice, UncollectedMail } from '@cartero/spool'
import type { Clock } from '@cartero/wire'

import { COLLECTIONS_AGE_MS, COUNTERS_AGE_MS } from './limits.ts'
import type { TurnSettings } from './settings.ts'
import { Remembered } from './remembered.ts'

/** How the mail of one domain waits. Times in milliseconds. */
export interface Terms {
  /** Who comes for it; '' when nobody does any more. */
  readonly account: string
  readonly quota: number
  readonly keep: number
  /** '' is nobody. */
  readonly contact: string
}

export interface CustomersDependencies {
  readonly directory: Pick<DirectoryService, 'ListDomains'>
  readonly office: Pick<QueueOffice, 'uncollected'>
  readonly settings: TurnSettings
  readonly clock: Clock
}

/** Customers as the directory has them, and what waits for them; both a moment old. */
export class Customers {
  readonly #settings: TurnSettings
  readonly #collections: Remembered<ReadonlyMap<string, Collection>>
  readonly #mail: Remembered<ReadonlyMap<string, UncollectedMail>>

  constructor({ directory, office, settings, clock }: CustomersDependencies) {
    this.#settings = settings
    this.#collections = new Remembered(() => readCollections(directory), COLLECTIONS_AGE_MS, clock)
    this.#mail = new Remembered(() => readMail(office), COUNTERS_AGE_MS, clock)
  }

  /** Rejects as the spool or the directory do. */
  async refresh(): Promise<void> {
    await Promise.all([this.#collections.read(), this.#mail.read()])
  }

  /** It is all known, and new enough. */
  get isFresh(): boolean {
    return this.#collections.isFresh && this.#mail.isFresh
  }

  /** As it was known last. */
  get waiting(): Iterable<UncollectedMail> {
    return this.#mail.value?.values() ?? []
  }

  waitingFor(domain: string): UncollectedMail | undefined {
    return this.#mail.value?.get(domain)
  }

  /** As it was known last; what all have, when nothing is known of it. */
  termsOf(domain: string): Terms {
    const {
      account = '',
      quota = 0n,
      keepSeconds = 0n,
      contact = '',
    } = this.#collections.value?.get(domain) ?? {}
    return {
      account,
      contact,
      quota: quota === 0n ? this.#settings.quota : Number(quota),
      keep: keepSeconds === 0n ? this.#settings.keep : Number(keepSeconds) * 1_000,
    }
  }
}

async function readCollections(
  directory: CustomersDependencies['directory'],
): Promise<Map<string, Collection>> {
  const { domains } = await directory.ListDomains({})
  return new Map(
    domains.flatMap(({ name, collection }) =>
      collection === undefined ? [] : [[name, collection] as const],
    ),
  )
}

async function readMail(office: CustomersDependencies['office']): Promise<Map<string, UncollectedMail>> {
  const mail = await office.uncollected()
  return new Map(mail.map((each) => [each.domain, each]))
}
