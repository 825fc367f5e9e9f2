import type { NumberSet } from './number-set.ts'

/** Response codes that are only a word (RFC 3501 §7.1, RFC 5530 §3, RFC 9051 §7.1). */
export type PlainCode =
  | 'ALERT'
  | 'ALREADYEXISTS'
  | 'AUTHENTICATIONFAILED'
  | 'AUTHORIZATIONFAILED'
  | 'CANNOT'
  | 'CLIENTBUG'
  | 'CLOSED'
  | 'CONTACTADMIN'
  | 'EXPUNGEISSUED'
  | 'HASCHILDREN'
  | 'INUSE'
  | 'LIMIT'
  | 'NONEXISTENT'
  | 'NOPERM'
  | 'NOTSAVED'
  | 'OVERQUOTA'
  | 'PARSE'
  | 'PRIVACYREQUIRED'
  | 'READ-ONLY'
  | 'READ-WRITE'
  | 'SERVERBUG'
  | 'TOOBIG'
  | 'TRYCREATE'
  | 'UIDNOTSTICKY'
  | 'UNAVAILABLE'
  | 'UNKNOWN-CTE'
  | 'USEATTR'

/** What stands in brackets before a response's text. */
export type ResponseCode =
  | { readonly code: PlainCode }
  | { readonly code: 'CAPABILITY'; readonly capabilities: readonly string[] }
  | { readonly code: 'PERMANENTFLAGS'; readonly flags: readonly string[] }
  | { readonly code: 'UIDNEXT' | 'UIDVALIDITY' | 'UNSEEN' | 'HIGHESTMODSEQ'; readonly number: number }
  | { readonly code: 'NOMODSEQ' }
  | { readonly code: 'BADCHARSET'; readonly charsets: readonly string[] }
  | { readonly code: 'MODIFIED'; readonly numbers: NumberSet }
  /** RFC 4315 §3 */
  | { readonly code: 'APPENDUID'; readonly uidValidity: number; readonly uid: number }
  /** RFC 4315 §3 */
  | {
      readonly code: 'COPYUID'
      readonly uidValidity: number
      readonly from: NumberSet
      readonly to: NumberSet
    }

/** As it is written, brackets included. */
export function formatResponseCode(code: ResponseCode): string {
  switch (code.code) {
    case 'CAPABILITY':
      return `[CAPABILITY ${code.capabilities.join(' ')}]`
    case 'PERMANENTFLAGS':
      return `[PERMANENTFLAGS (${code.flags.join(' ')})]`
    case 'BADCHARSET':
      return `[BADCHARSET (${code.charsets.join(' ')})]`
    case 'MODIFIED':
      return `[MODIFIED ${code.numbers.toString()}]`
    case 'APPENDUID':
      return `[APPENDUID ${code.uidValidity} ${code.uid}]`
    case 'COPYUID':
      return `[COPYUID ${code.uidValidity} ${code.from.toString()} ${code.to.toString()}]`
    case 'UIDNEXT':
    case 'UIDVALIDITY':
    case 'UNSEEN':
    case 'HIGHESTMODSEQ':
      return `[${code.code} ${code.number}]`
    default:
      return `[${code.code}]`
  }
}
