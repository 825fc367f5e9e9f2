/** What is wrong in a zone file, and where. */
export class ZoneFileError extends Error {
  override readonly name = 'ZoneFileError'
  readonly file: string
  readonly line: number

  constructor(at: { readonly file: string; readonly line: number }, message: string) {
    super(`${at.file}:${at.line}: ${message}`)
    this.file = at.file
    this.line = at.line
  }
}
