/**
 * The directory in memory: for tests and for trying things out. Nothing of it survives the process.
 * @packageDocumentation
 */
import { systemClock } from '@cartero/wire'
import { DEFAULT_ADDRESS_POLICY } from '../address.ts'
import type { Directory, DirectoryOptions } from '../directory.ts'
import { LocalDirectory } from '../local-directory.ts'
import { underRule } from '../ruled-resolution.ts'
import { directoryVerbs } from '../verbs.ts'
import { MapRecords } from './map-records.ts'

export { MapRecords } from './map-records.ts'

/** An empty directory. Its `…Now` methods always have the answer. */
export function openMemoryDirectory(options: DirectoryOptions = {}): Directory {
  const verbs = directoryVerbs(new MapRecords())
  const policy = { ...DEFAULT_ADDRESS_POLICY, ...options.policy }
  const directory = new LocalDirectory({
    ...options,
    ask: (verb, ...argument) => (verbs[verb] as (...a: typeof argument) => never)(...argument),
    close: () => Promise.resolve(),
  })
  const { clock = systemClock } = options
  directory.resolveNow = (address) => {
    const [resolution] = verbs.resolve({ addresses: [address], policy, now: clock.now() })
    return resolution && underRule(resolution, address, options.ruleFor?.(address))
  }
  directory.senderAllowedNow = (account, address) => verbs.senderAllowed({ account, address, policy })
  return directory
}
