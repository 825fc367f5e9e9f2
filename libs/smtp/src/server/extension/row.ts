import type { Extension } from '../../extensions.ts'
import type { Dialogue } from '../dialogue.ts'
import type { Honours } from '../session.ts'

/** One extension: when it is offered, and what stands behind its keyword in the EHLO answer. */
export interface ExtensionRow {
  readonly extension: Extension
  /** Offered in ODMR, too: most are about messages, which it does not take (RFC 2645 §5.4). */
  readonly inOdmr?: true
  /** Undefined says that it is not offered now; '' that nothing stands behind the keyword. */
  offer(dialogue: Dialogue, honours: Honours): string | undefined
  /** Its parameters are understood although it is not offered. */
  understood?(dialogue: Dialogue, honours: Honours): boolean
}

/** An extension that is part of this server. */
export const always = (extension: Extension): ExtensionRow => ({ extension, offer: () => '' })

/** An extension that is offered without parameters, sometimes. */
export const provided = (
  extension: Extension,
  condition: (dialogue: Dialogue, honours: Honours) => boolean,
): ExtensionRow => ({
  extension,
  offer: (dialogue, honours) => (condition(dialogue, honours) ? '' : undefined),
})
