import { crc32 } from 'node:zlib'

import type { FileSystem, StoredFile } from './file-system.ts'

/** A place that was reached and durable: what stands before it need not be read again at the next start. */
export interface Mark {
  readonly segment: number
  readonly offset: number
  readonly batch: number
}

const OCTETS = 16

/** Keeps the mark. It is only a shortcut, so it is written without a sync; a torn one is told by its checksum. */
export class MarkFile {
  readonly #file: StoredFile

  private constructor(file: StoredFile) {
    this.#file = file
  }

  static async open(fileSystem: FileSystem, path: string, isPresent: boolean): Promise<MarkFile> {
    return new MarkFile(await (isPresent ? fileSystem.open(path, 'write') : fileSystem.create(path)))
  }

  async read(): Promise<Mark | undefined> {
    const octets = Buffer.alloc(OCTETS)
    const count = await this.#file.read(octets, 0)
    if (count < OCTETS || octets.readUInt32LE(12) !== crc32(octets.subarray(0, 12))) return undefined
    return { segment: octets.readUInt32LE(0), offset: octets.readUInt32LE(4), batch: octets.readUInt32LE(8) }
  }

  async write({ segment, offset, batch }: Mark): Promise<void> {
    const octets = Buffer.alloc(OCTETS)
    octets.writeUInt32LE(segment, 0)
    octets.writeUInt32LE(offset, 4)
    octets.writeUInt32LE(batch, 8)
    octets.writeUInt32LE(crc32(octets.subarray(0, 12)), 12)
    await this.#file.write(octets, 0)
  }

  close(): Promise<void> {
    return this.#file.close()
  }
}
