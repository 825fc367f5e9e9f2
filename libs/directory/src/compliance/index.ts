/**
 * What every directory promises, as tests. Each adapter runs them.
 * @packageDocumentation
 */
import { after, before, describe } from 'node:test'
import type { Directory, DirectoryOptions } from '../directory.ts'
import { accountPromises } from './accounts.ts'
import { aliasPromises } from './aliases.ts'
import { collectionPromises } from './collections.ts'
import { domainPromises } from './domains.ts'
import { loginPromises } from './logins.ts'
import { forwardedSenderPromises } from './forwarded-senders.ts'
import { recipientPromises } from './recipients.ts'

/** Of the passwords that are kept so that they can be read again. */
const SECRET_KEY = Buffer.alloc(32, 1)

/** Makes an empty directory; the suite closes it. */
export type OpenDirectory = (options?: DirectoryOptions) => Promise<Directory>

/** Gives the directory of the suite to its tests, once it is open. */
export interface Opened {
  (): Directory
  /** Another one, with nothing in it and no key; the test closes it. */
  empty(options?: DirectoryOptions): Promise<Directory>
}

const SUITES: readonly (readonly [about: string, promises: (opened: Opened) => void])[] = [
  ['domains', domainPromises],
  ['accounts', accountPromises],
  ['aliases', aliasPromises],
  ['recipients and senders', recipientPromises],
  ['domains whose mail is collected', collectionPromises],
  ['senders of what is forwarded', forwardedSenderPromises],
  ['logins', loginPromises],
]

/** Runs the compliance suite against an adapter: `describeDirectory('sqlite', openEmptySqliteDirectory)`. */
export function describeDirectory(name: string, open: OpenDirectory): void {
  describe(`the directory ${name}`, () => {
    for (const [about, promises] of SUITES) {
      describe(about, () => {
        let directory: Directory | undefined
        before(async () => {
          directory = await open({ secretKey: () => SECRET_KEY })
        })
        after(() => directory?.close())
        promises(Object.assign(() => directory!, { empty: (options?: DirectoryOptions) => open(options) }))
      })
    }
  })
}
