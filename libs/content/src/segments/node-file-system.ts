import * as fs from 'node:fs'
import { dirname } from 'node:path'

import type { FileSystem, StoredFile } from './file-system.ts'
import { lock } from './lock.ts'

/**
 * O_DSYNC makes one trip of what is otherwise write and fdatasync. On other systems than Linux its promise is weaker
 * than fdatasync's (macOS does not flush the drive's cache).
 */
const DURABLE_FLAG = process.platform === 'linux' ? fs.constants.O_DSYNC : undefined

export const nodeFileSystem: FileSystem = {
  async makeDirectory(directory) {
    const first = await fs.promises.mkdir(directory, { recursive: true })
    if (first === undefined) return
    // Each new directory is an entry of its parent.
    for (let path = directory; path.length >= first.length; path = dirname(path)) {
      await syncDirectory(dirname(path))
    }
  },
  list: (directory) => fs.promises.readdir(directory),
  create: (path) => openFile(path, fs.constants.O_RDWR | fs.constants.O_CREAT | fs.constants.O_TRUNC),
  open: (path, access) => openFile(path, access === 'read' ? fs.constants.O_RDONLY : fs.constants.O_RDWR),
  rename: (from, to) => fs.promises.rename(from, to),
  unlink: (path) => fs.promises.unlink(path),
  syncDirectory,
  async freeOctets(directory) {
    const { bavail, bsize } = await fs.promises.statfs(directory)
    return bavail * bsize
  },
  lock,
}

async function syncDirectory(directory: string): Promise<void> {
  const descriptor = await openDescriptor(directory, fs.constants.O_RDONLY)
  try {
    await settled((done) => fs.fsync(descriptor, done))
  } finally {
    await settled((done) => fs.close(descriptor, done))
  }
}

async function openFile(path: string, flags: number): Promise<StoredFile> {
  return new NodeFile(path, await openDescriptor(path, flags))
}

function openDescriptor(path: string, flags: number): Promise<number> {
  return new Promise((resolve, reject) => {
    fs.open(path, flags, 0o600, (error, descriptor) => (error ? reject(error) : resolve(descriptor)))
  })
}

function settled(start: (done: (error?: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => start((error) => (error ? reject(error) : resolve())))
}

/** Callback functions wrapped by hand: `FileHandle` costs several times more per call. */
class NodeFile implements StoredFile {
  readonly #path: string
  readonly #descriptor: number
  #durable: number | undefined

  constructor(path: string, descriptor: number) {
    this.#path = path
    this.#descriptor = descriptor
  }

  read(into: Buffer, position: number): Promise<number> {
    return readAll(this.#descriptor, into, position)
  }

  write(octets: Buffer, position: number): Promise<void> {
    return writeAll(this.#descriptor, octets, position)
  }

  async writeDurably(octets: Buffer, position: number): Promise<void> {
    if (DURABLE_FLAG === undefined) {
      await writeAll(this.#descriptor, octets, position)
      return await this.sync()
    }
    this.#durable ??= await openDescriptor(this.#path, fs.constants.O_WRONLY | DURABLE_FLAG)
    return await writeAll(this.#durable, octets, position)
  }

  sync(): Promise<void> {
    return settled((done) => fs.fdatasync(this.#descriptor, done))
  }

  truncate(size: number): Promise<void> {
    return settled((done) => fs.ftruncate(this.#descriptor, size, done))
  }

  size(): Promise<number> {
    return new Promise((resolve, reject) => {
      fs.fstat(this.#descriptor, (error, stats) => (error ? reject(error) : resolve(stats.size)))
    })
  }

  async close(): Promise<void> {
    const durable = this.#durable
    this.#durable = undefined
    if (durable !== undefined) await settled((done) => fs.close(durable, done))
    await settled((done) => fs.close(this.#descriptor, done))
  }
}

/** The kernel may write less than it was given, for instance when the disk fills up; the rest tells why. */
function writeAll(descriptor: number, octets: Buffer, position: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const proceed = (start: number): void => {
      fs.write(descriptor, octets, start, octets.length - start, position + start, (error, written) => {
        if (error) reject(error)
        else if (start + written >= octets.length) resolve()
        else proceed(start + written)
      })
    }
    proceed(0)
  })
}

/** Fewer octets than asked for may come before the end of the file; none come only there. */
function readAll(descriptor: number, into: Buffer, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const proceed = (start: number): void => {
      fs.read(descriptor, into, start, into.length - start, position + start, (error, count) => {
        if (error) reject(error)
        else if (count === 0 || start + count >= into.length) resolve(start + count)
        else proceed(start + count)
      })
    }
    proceed(0)
  })
}
