import { HOUR_MS, type Intake, type QueueId, type UncollectedMail } from '@cartero/spool'

import { contactEnvelope, contactLetter, type NoticeAuthor } from './contact-notice.ts'
import type { Customers, Terms } from './customers.ts'
import { NOTICE_PAUSE_MS } from './limits.ts'
import type { TurnSettings } from './settings.ts'

/** A contact who was told. */
export interface ContactNotice {
  readonly queueId: QueueId
  readonly to: string
  readonly mail: UncollectedMail
}

export interface ContactsDependencies {
  readonly intake: Intake
  readonly customers: Customers
  readonly author: NoticeAuthor
  readonly settings: Pick<TurnSettings, 'notifyAfter'>
  readonly sent: (notice: ContactNotice) => void
  readonly failed: (error: unknown) => void
}

/**
 * Tells customers' contacts that much waits: once, and again when there was less in between, at most once a day for each domain.
 * It is remembered as long as the process lives; after a restart, a contact may be told once more.
 */
export class Contacts {
  readonly #on: ContactsDependencies
  /** When their contact was told, of domains that much waits for; as `Clock.elapsed`. */
  readonly #told = new Map<string, number>()
  /** The same, of domains for which there was less meanwhile: forgotten a day later. */
  readonly #recovered = new Map<string, number>()

  constructor(dependencies: ContactsDependencies) {
    this.#on = dependencies
  }

  /** Never rejects: who could not be told is told at the next look. */
  async look(waiting: readonly UncollectedMail[]): Promise<void> {
    const much = waiting.filter((mail) => this.#isMuch(mail))
    this.#recover(new Set(much.map(({ domain }) => domain)))
    for (const mail of much) {
      const terms = this.#on.customers.termsOf(mail.domain)
      if (terms.contact === '' || this.#told.has(mail.domain) || this.#recovered.has(mail.domain)) continue
      try {
        await this.#tell(mail, terms)
      } catch (error) {
        this.#on.failed(error)
      }
    }
  }

  #isMuch({ deliveries, octets, oldestHour }: UncollectedMail): boolean {
    const { settings, author } = this.#on
    const { notifyAfter: most } = settings
    const age = author.clock.now() - (oldestHour + 1) * HOUR_MS
    return (
      (most.messages > 0 && deliveries >= most.messages) ||
      (most.octets > 0 && octets >= most.octets) ||
      (most.age > 0 && age >= most.age)
    )
  }

  #recover(much: ReadonlySet<string>): void {
    for (const [domain, at] of this.#told) {
      if (much.has(domain)) continue
      this.#told.delete(domain)
      this.#recovered.set(domain, at)
    }
    const yesterday = this.#on.author.clock.elapsed() - NOTICE_PAUSE_MS
    for (const [domain, at] of this.#recovered) if (at <= yesterday) this.#recovered.delete(domain)
  }

  async #tell(mail: UncollectedMail, terms: Terms): Promise<void> {
    const { intake, author, sent } = this.#on
    const draft = intake.begin(contactEnvelope(terms, author))
    try {
      await draft.write(contactLetter(mail, terms, author))
    } catch (error) {
      draft.abort()
      throw error
    }
    const queueId = await draft.commit(Buffer.alloc(0))
    this.#told.set(mail.domain, author.clock.elapsed())
    sent({ queueId, to: terms.contact, mail })
  }
}
