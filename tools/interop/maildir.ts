import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The octets of every message in a maildir. */
export function messagesIn(maildir: string): readonly Buffer[] {
  return ['new', 'cur'].flatMap((folder) => {
    const path = join(maildir, folder)
    let names: string[]
    try {
      names = readdirSync(path)
    } catch {
      return []
    }
    return names.map((name) => readFileSync(join(path, name)))
  })
}

/** The end of a text file, or nothing where there is none. */
export function endOf(file: string, octets = 6_000): string {
  try {
    return readFileSync(file, 'utf8').slice(-octets)
  } catch {
    return ''
  }
}
