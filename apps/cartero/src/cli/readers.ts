import { explainSystemError } from '@cartero/agent/lifecycle'

import { EXIT, sentencesOf } from './exit-code.ts'

/** What goes on when nobody reads any more what it prints. */
const SERVERS: ReadonlySet<string> = new Set(['dev', 'serve'])

/**
 * What becomes of a command whose reader leaves: it ends quietly, as others do (`| head`), while a system goes on to serve. Talk
 * that nobody hears is no reason to stop half way.
 * @param command its name
 */
export function heedReaders(command: string | undefined): void {
  process.stderr.on('error', () => undefined)
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (SERVERS.has(command ?? '')) return
    if (error.code !== 'EPIPE') {
      process.stderr.write(sentencesOf(explainSystemError(error, 'write to standard output')))
      process.exitCode = EXIT.failure
    }
    process.exit()
  })
}
