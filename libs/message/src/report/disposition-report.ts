import type { MessageId } from '@cartero/syntax'
import type { TypedText } from './typed-text.ts'

/** What became of a message in the hands of its recipient (RFC 8098 §3.2.6). */
export interface Disposition {
  /** Whether a person did it, or a rule of his. */
  readonly action: 'manual-action' | 'automatic-action'
  /** Whether a person wanted this report to be sent. */
  readonly sending: 'MDN-sent-manually' | 'MDN-sent-automatically'
  /** In lower case: `displayed`, `deleted`, `dispatched`, `processed`, or one of an older time. */
  readonly type: string
  /** `error` and extensions, in lower case. */
  readonly modifiers: readonly string[]
}

/** What a message disposition notification tells (RFC 8098 §3.1). */
export interface DispositionReport {
  /** `name; product`. */
  readonly reportingUa?: string
  readonly mdnGateway?: TypedText
  readonly originalRecipient?: TypedText
  readonly finalRecipient: TypedText
  readonly originalMessageId?: MessageId
  readonly disposition: Disposition
  /** What the `error` modifier is about (RFC 8098 §3.2.7). */
  readonly errors: readonly string[]
}

/** `manual-action/MDN-sent-manually; displayed/error` (RFC 8098 §3.2.6). */
export function formatDisposition({ action, sending, type, modifiers }: Disposition): string {
  return `${action}/${sending}; ${[type, ...(modifiers.length > 0 ? [modifiers.join(',')] : [])].join('/')}`
}

/** The same, as leniently as it is written; undefined when it names no type. */
export function parseDisposition(value: string): Disposition | undefined {
  const semicolon = value.indexOf(';')
  const modes = value.slice(0, Math.max(semicolon, 0)).toLowerCase()
  const [type = '', modifiers = ''] = value
    .slice(semicolon + 1)
    .trim()
    .toLowerCase()
    .split('/', 2)
  if (!/^[\w.-]+$/.test(type.trim())) return undefined
  return {
    action: modes.includes('automatic-action') ? 'automatic-action' : 'manual-action',
    sending: modes.includes('sent-automatically') ? 'MDN-sent-automatically' : 'MDN-sent-manually',
    type: type.trim(),
    modifiers: modifiers
      .split(',')
      .map((each) => each.trim())
      .filter((each) => each !== ''),
  }
}
