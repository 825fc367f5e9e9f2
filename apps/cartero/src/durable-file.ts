import {
  chmodSync,
  closeSync,
  fsyncSync,
  linkSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'

export interface DurableFile {
  /** Whatever the process masks. */
  readonly mode: number
  /** Throws EEXIST when the file is there; otherwise that is replaced. */
  readonly isNew?: boolean
}

/**
 * Writes a file that whoever reads it finds as it was or as it is now, and whole, after a power cut, too. Its folder must exist.
 *
 * Guarantee: when it returns, the file is on the disk.
 */
export function writeDurably(file: string, octets: string | Uint8Array, options: DurableFile): void {
  const { mode, isNew = false } = options
  const next = `${file}.${process.pid}.new`
  try {
    writeFileSync(next, octets, { mode, flush: true })
    chmodSync(next, mode)
    if (isNew) linkSync(next, file)
    else renameSync(next, file)
  } finally {
    rmSync(next, { force: true })
  }
  // The folder may be as new as the file.
  for (const folder of [dirname(file), dirname(dirname(file))]) syncFolder(folder)
}

function syncFolder(folder: string): void {
  const descriptor = openSync(folder, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
