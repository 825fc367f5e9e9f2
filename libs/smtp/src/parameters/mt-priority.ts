import type { MailParameters } from './mail-parameters.ts'
import type { ParameterRow } from './row.ts'

/** `MT-PRIORITY=<-9 to 9>`: how urgent the message is; 0 is what all others are. */
// RFC 6710 §3
export const mtPriority: ParameterRow<MailParameters> = {
  keyword: 'MT-PRIORITY',
  extension: 'MT-PRIORITY',
  // RFC 6710 §3: priority-value = (["-"] NZDIGIT) / "0"
  parse: (value) =>
    value !== undefined && /^(?:-?[1-9]|0)$/.test(value) ? { priority: Number(value) } : undefined,
  format: ({ priority }) => (priority === undefined ? undefined : `MT-PRIORITY=${priority}`),
}
