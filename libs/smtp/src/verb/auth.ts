import { decodeInitialResponse } from '@cartero/sasl'
import type { CommandScanner } from '../command-scanner.ts'
import { replies } from '../replies.ts'
import { ReplyError } from '../reply-error.ts'

/** AUTH: begins an authentication exchange. */
// RFC 4954 §4
export interface AuthCommand {
  readonly verb: 'AUTH'
  /** Upper case. */
  readonly mechanism: string
  /** Decoded; `=` is an empty one. */
  readonly initialResponse?: Buffer
}

// RFC 4422 §3.1: sasl-mech
const MECHANISM = /^[A-Za-z0-9_-]{1,20}$/

export function parseAuth(scanner: CommandScanner): AuthCommand {
  const mechanism = scanner.word()?.toUpperCase()
  if (mechanism === undefined || !MECHANISM.test(mechanism)) {
    throw new ReplyError(replies.syntax('AUTH mechanism [initial-response]'))
  }
  if (scanner.lineEnd()) return { verb: 'AUTH', mechanism }
  const start = scanner.offset
  if (scanner.word() === undefined) throw new ReplyError(replies.badBase64)
  const initialResponse = decodeInitialResponse(scanner.bytes.subarray(start, scanner.offset))
  if (initialResponse === undefined || !scanner.lineEnd()) throw new ReplyError(replies.badBase64)
  return { verb: 'AUTH', mechanism, initialResponse }
}

/** An initial response without octets is `=`, so that it can be told from none. */
// RFC 4954 §4
export function formatAuth(mechanism: string, initialResponse: Buffer | undefined): string {
  if (initialResponse === undefined) return `AUTH ${mechanism}`
  return `AUTH ${mechanism} ${initialResponse.length === 0 ? '=' : initialResponse.toString('base64')}`
}
