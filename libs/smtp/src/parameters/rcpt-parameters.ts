import type { ParameterRow } from './row.ts'

/** What may stand behind the path in RCPT TO. */
export interface RcptParameters {
  readonly [none: string]: never
}

// RFC 3461 §4 todo: NOTIFY, ORCPT
export const RCPT_PARAMETERS: readonly ParameterRow<RcptParameters>[] = []
