import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/**
 * For a test's `skip`: false where the command is there, otherwise the one line that tells what to install.
 * `test('…', { skip: lacks('swaks', 'swaks') }, …)`
 */
export function lacks(command: string, debianPackage: string): string | false {
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  const found = folders.some((folder) => isExecutable(join(folder, command)))
  return found ? false : `${command} is not installed (apt-get install ${debianPackage})`
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
