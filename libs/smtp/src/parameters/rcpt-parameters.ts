import { notify } from './notify.ts'
import { orcpt } from './orcpt.ts'
import type { ParameterRow } from './row.ts'

/** When the sender wants to hear of a recipient; `never` stands alone. */
// RFC 3461 §4.1
export type NotifyCondition = 'never' | 'success' | 'failure' | 'delay'

/** What may stand behind the path in RCPT TO. */
export interface RcptParameters {
  readonly notify?: readonly NotifyCondition[]
  /** As the sender first wrote the recipient: `<type>;<address>`, decoded (RFC 3461 §4.2). */
  readonly originalRecipient?: string
}

export const RCPT_PARAMETERS: readonly ParameterRow<RcptParameters>[] = [notify, orcpt]
