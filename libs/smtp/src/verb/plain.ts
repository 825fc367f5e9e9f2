import type { CommandScanner } from '../command-scanner.ts'
import { replies } from '../replies.ts'
import { ReplyError } from '../reply-error.ts'

/** A verb that stands alone. */
export interface PlainCommand {
  readonly verb: 'DATA' | 'RSET' | 'QUIT' | 'STARTTLS' | 'TURN'
}

/** A verb that may be followed by anything. */
export interface TextCommand {
  readonly verb: 'NOOP' | 'HELP'
  readonly text: string
}

// RFC 5321 §4.1.1.4, RFC 5321 §4.1.1.5, RFC 5321 §4.1.1.10, RFC 3207 §4, RFC 821 §4.1.1
export function parsePlain(verb: PlainCommand['verb'], scanner: CommandScanner): PlainCommand {
  if (!scanner.lineEnd()) throw new ReplyError(replies.noArguments)
  return { verb }
}

export function formatText({ verb, text }: TextCommand): string {
  return text === '' ? verb : `${verb} ${text}`
}

// RFC 5321 §4.1.1.8, RFC 5321 §4.1.1.9
export function parseText(verb: TextCommand['verb'], scanner: CommandScanner): TextCommand {
  return { verb, text: scanner.remainder() }
}
