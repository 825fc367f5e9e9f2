import { isAsciiText } from '@cartero/syntax'
import type { CommandScanner } from '../command-scanner.ts'
import type { Extension } from '../extensions.ts'
import { replies } from '../replies.ts'
import { ReplyError } from '../reply-error.ts'
import type { ParameterRow } from './row.ts'

/** Reads the parameters behind a path, to the end of the line. Throws ReplyError. */
// RFC 5321 §4.1.1.11, RFC 5321 §4.1.2: Mail-parameters
export function scanParameters<Parameters extends object>(
  scanner: CommandScanner,
  rows: readonly ParameterRow<Parameters>[],
  extensions: ReadonlySet<Extension>,
): Parameters {
  let parameters = {} as Parameters
  if (scanner.atEnd) return parameters
  const seen = new Set<string>()
  while (scanner.space() && !scanner.atEnd) {
    const [keyword, value] = splitParameter(scanner.parameter())
    const row = rows.find((each) => each.keyword === keyword && extensions.has(each.extension))
    if (row === undefined) throw new ReplyError(replies.unknownParameter(keyword))
    // Unicode has letters whose upper case is ASCII: `8BıTMIME` is not 8BITMIME.
    const readable = row.utf8 === true || value === undefined || isAsciiText(value)
    const fields = seen.has(keyword) || !readable ? undefined : row.parse(value, extensions)
    if (fields === undefined) throw new ReplyError(replies.badParameter(keyword))
    seen.add(keyword)
    parameters = { ...parameters, ...fields }
  }
  if (!scanner.atEnd) throw new ReplyError(replies.badParameter('(malformed)'))
  return parameters
}

/** Writes parameters with a leading space each. */
export function formatParameters<Parameters>(
  parameters: Parameters,
  rows: readonly ParameterRow<Parameters>[],
): string {
  return rows
    .map((row) => row.format(parameters))
    .map((text) => (text === undefined ? '' : ` ${text}`))
    .join('')
}

// RFC 5321 §4.1.2: esmtp-keyword
const KEYWORD = /^[A-Za-z0-9][A-Za-z0-9-]*$/
// RFC 5321 §4.1.2, RFC 6531 §3.3: esmtp-value = 1*(%d33-60 / %d62-126 / UTF8-non-ascii)
const VALUE = /^[^=]+$/

// RFC 5321 §4.1.2: esmtp-keyword ["=" esmtp-value]
function splitParameter(text: string | undefined): readonly [string, string | undefined] {
  const equals = text?.indexOf('=') ?? -1
  const keyword = (equals === -1 ? text : text?.slice(0, equals)) ?? ''
  const value = equals === -1 ? undefined : text!.slice(equals + 1)
  if (!KEYWORD.test(keyword)) throw new ReplyError(replies.badParameter('(malformed)'))
  const upper = keyword.toUpperCase()
  if (value !== undefined && !VALUE.test(value)) throw new ReplyError(replies.badParameter(upper))
  return [upper, value]
}
