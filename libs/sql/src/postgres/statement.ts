import { createHash } from 'node:crypto'

/** Text of SQL that is prepared once for each connection, under a name that is made of the text. */
export interface Statement {
  readonly name: string
  readonly text: string
  /** Milliseconds, instead of POSTGRES_LIMITS.statement; the server has to be told, too. */
  readonly patience?: number
}

/** Parameters are `$1`, `$2`; nothing that somebody wrote is ever part of the text. */
export function statement(text: string): Statement {
  return { name: createHash('sha256').update(text).digest('base64url').slice(0, 20), text }
}
