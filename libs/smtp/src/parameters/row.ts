import type { Extension } from '../extensions.ts'

/** A parameter of MAIL or RCPT: its grammar, and the extension without which it is unknown. */
// RFC 5321 §4.1.2: esmtp-param
export interface ParameterRow<Parameters> {
  readonly keyword: string
  readonly extension: Extension
  /** UTF-8 may stand in its value, where addresses may have it. Others are ASCII, whatever SMTPUTF8 allows. */
  readonly utf8?: true
  /**
   * Reads the value (undefined when there is no `=`).
   * @param extensions those in force, for values that only some of them allow
   * @returns the fields it stands for, or undefined when it is malformed
   */
  parse(value: string | undefined, extensions: ReadonlySet<Extension>): Parameters | undefined
  /** `KEYWORD` or `KEYWORD=value`, or undefined when these parameters do not have it. */
  format(parameters: Parameters): string | undefined
}
