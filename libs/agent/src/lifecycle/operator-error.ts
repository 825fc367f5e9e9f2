/** Something the operator can mend. The message says what is wrong in a sentence; `remedy` says what to do. */
export class OperatorError extends Error {
  override readonly name = 'OperatorError'
  readonly remedy: string

  constructor(message: string, remedy: string, options?: ErrorOptions) {
    super(message, options)
    this.remedy = remedy
  }
}

/** What the operating system said, by errno name: what it means and what to do about it. */
const SYSTEM_FAULTS: Readonly<Record<string, readonly [meaning: string, remedy: string]>> = {
  EACCES: ['permission denied', 'give this user the right, or choose another path or a port from 1024 up'],
  EADDRINUSE: ['the port is in use', 'stop the other program, or choose another port'],
  EADDRNOTAVAIL: [
    'this machine has no such address',
    'choose an address of this machine, or 0.0.0.0 for all',
  ],
  EAI_AGAIN: ['the name service does not answer', 'write an address, such as 127.0.0.1'],
  EISDIR: ['it is a directory', 'name a file'],
  EMFILE: ['too many open files', 'raise the limit of open files (ulimit -n, LimitNOFILE=)'],
  ENAMETOOLONG: ['the path is too long', 'choose a shorter path'],
  ENOENT: ['it does not exist', 'check the path'],
  ENOSPC: ['the disk is full', 'free some space'],
  ENOTDIR: ['a part of the path is not a directory', 'check the path'],
  ENOTFOUND: [
    'the name service knows no such name',
    'write an address, such as 127.0.0.1, or 0.0.0.0 for all',
  ],
  EPERM: ['not permitted', 'run as the owner, or choose another path'],
  EROFS: ['the file system is read-only', 'choose a path that can be written'],
}

/**
 * Turns an error of the operating system into one for the operator; any other error is returned as it is.
 * @param doing what was tried, to be read after "cannot": `open /var/lib/cartero`
 */
export function explainSystemError(error: unknown, doing: string, remedy?: string): Error {
  if (!(error instanceof Error)) return new Error(`cannot ${doing}: ${String(error)}`)
  if (error instanceof OperatorError) return error
  const code = 'code' in error ? String(error.code) : ''
  const fault = SYSTEM_FAULTS[code]
  if (fault === undefined) return error
  return new OperatorError(`cannot ${doing}: ${fault[0]} (${code})`, remedy ?? fault[1], { cause: error })
}
