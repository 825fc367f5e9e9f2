import { SyntaxFault } from '@cartero/wire'
import { CharsetError, SEARCH_CHARSETS } from '../command/search.ts'
import { LimitError } from '../limits.ts'
import type { StatusResponse } from '../response.ts'
import type { CommandRow } from './command-row.ts'
import { ImapRefusal } from './refusal.ts'

/** The command exists, but not in this state. */
export class OrderError extends Error {
  override readonly name = 'OrderError'

  constructor(row: CommandRow) {
    super(`${row.name} is not allowed now`)
  }
}

/** What the client is told of an error: all of a refusal, nothing of what is a bug (RFC 5530 §3). */
export function publicFace(error: unknown): StatusResponse {
  if (error instanceof ImapRefusal) {
    return { status: 'NO', text: error.message, ...(error.code && { code: error.code }) }
  }
  if (error instanceof SyntaxFault || error instanceof OrderError)
    return { status: 'BAD', text: error.message }
  if (error instanceof LimitError) return { status: 'NO', code: { code: 'LIMIT' }, text: error.message }
  if (error instanceof CharsetError) {
    return { status: 'NO', code: { code: 'BADCHARSET', charsets: SEARCH_CHARSETS }, text: error.message }
  }
  return { status: 'NO', code: { code: 'SERVERBUG' }, text: 'Something is wrong here' }
}
