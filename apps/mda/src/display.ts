import type { ContentStore } from '@cartero/content'
import type { Delivery } from '@cartero/spool'
import type { RecipientResult } from '@cartero/spool/notices'
import type { Clock } from '@cartero/wire'
import { shownMessage } from './terminals/shown-message.ts'
import type { ShownMessage, Terminals } from './terminals/terminals.ts'
import { LEFT_TERMINAL, NOT_AT_TERMINAL } from './troubles.ts'

export interface DisplayDependencies {
  readonly terminals: Pick<Terminals, 'attached' | 'show'>
  readonly content: Pick<ContentStore, 'read' | 'size'>
  readonly clock: Clock
}

/**
 * What is to be shown on terminals: SEND nowhere else, SOML there or else in the mailbox, SAML in both. A crash between
 * showing and settling shows it twice.
 */
// RFC 821 §3.4
export class Display {
  /** Whoever is to be reached now is reached now or in some minutes; then the sender should know. */
  static readonly PATIENCE_MS: number = 15 * 60_000
  static readonly RETRY_MS: number = 60_000
  readonly #on: DisplayDependencies

  constructor(dependencies: DisplayDependencies) {
    this.#on = dependencies
  }

  /** Shows what might need no mailbox then, and fills in the results of those that were reached. */
  async before(delivery: Delivery, results: (RecipientResult | undefined)[]): Promise<void> {
    const { display } = delivery.message.envelope
    if (display !== 'send' && display !== 'soml') return
    const reached = await this.#show(delivery, (i) => results[i] === undefined)
    reached.forEach((isReached, i) => {
      if (isReached) results[i] = { kind: 'delivered' }
      else if (display === 'send') results[i] ??= this.#unreached(delivery)
    })
  }

  /** Shows what is in the mailbox already. Nobody who looks: it is there. */
  async after(delivery: Delivery, results: readonly (RecipientResult | undefined)[]): Promise<void> {
    if (delivery.message.envelope.display !== 'saml') return
    await this.#show(delivery, (i) => results[i]?.kind === 'delivered')
  }

  #unreached({ message }: Delivery): RecipientResult {
    const isOver = this.#on.clock.now() - message.acceptedAt >= Display.PATIENCE_MS
    return isOver ? LEFT_TERMINAL : NOT_AT_TERMINAL
  }

  async #show({ message, recipients }: Delivery, isMeant: (i: number) => boolean): Promise<boolean[]> {
    const { terminals, content } = this.#on
    let shown: ShownMessage | undefined
    const reached: boolean[] = []
    for (const [i, { account }] of recipients.entries()) {
      const isThere = isMeant(i) && terminals.attached(account)
      if (isThere) shown ??= await shownMessage(message, content)
      reached.push(isThere && (await terminals.show(account, shown!)))
    }
    return reached
  }
}
