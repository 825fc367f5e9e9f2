import { execFileSync } from 'node:child_process'
import { accessSync, constants, mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'

const MEGABYTE = 1024 * 1024

/** A file system of its own in a file: it can be full, fail, and be copied as a power cut would leave it. */
export class SmallDisk implements Disposable {
  readonly path: string
  readonly #image: string
  readonly #root: string

  private constructor(root: string, image: string) {
    this.#root = root
    this.#image = image
    this.path = `${image}.mount`
    this.mount()
  }

  static make(megabytes: number): SmallDisk {
    const root = mkdtempSync(join(tmpdir(), 'cartero-disk-'))
    const image = join(root, 'image')
    execFileSync('truncate', ['-s', `${megabytes}M`, image])
    execFileSync('mkfs.ext4', ['-qF', '-m', '0', image])
    return new SmallDisk(root, image)
  }

  mount(): void {
    mkdirSync(this.path, { recursive: true })
    execFileSync('mount', ['-o', 'loop,errors=remount-ro', this.#image, this.path])
  }

  unmount(): void {
    execFileSync('umount', [this.path])
  }

  /** Puts the file system in order that has failed; not while it is mounted. */
  repair(): void {
    try {
      execFileSync('e2fsck', ['-fy', this.#image], { stdio: 'ignore' })
    } catch {
      // It says by its exit code that something was mended.
    }
  }

  /** Leaves so many megabytes free, or fewer, where somebody else writes meanwhile. */
  fill(left: number): void {
    const { bavail, bsize } = statfsSync(this.path)
    for (let taken = bavail * bsize - left * MEGABYTE; taken > 0; taken -= MEGABYTE)
      if (this.#take(taken)) return
  }

  #take(octets: number): boolean {
    try {
      execFileSync('fallocate', ['-l', String(octets), join(this.path, 'filler')], { stdio: 'ignore' })
      return true
    } catch {
      return false
    }
  }

  empty(): void {
    rmSync(join(this.path, 'filler'), { force: true })
  }

  /** The file system notices an error, and can only be read from now on. */
  fail(): void {
    writeFileSync(triggerOf(this.path), '1')
  }

  /** What has been written to the disk, and nothing that the system still means to write. */
  copy(): SmallDisk {
    const root = mkdtempSync(join(tmpdir(), 'cartero-disk-'))
    execFileSync('cp', ['--sparse=always', this.#image, join(root, 'image')])
    return new SmallDisk(root, join(root, 'image'))
  }

  [Symbol.dispose](): void {
    try {
      this.unmount()
    } finally {
      rmSync(this.#root, { recursive: true, force: true })
    }
  }
}

function triggerOf(path: string): string {
  const device = execFileSync('findmnt', ['-no', 'SOURCE', path], { encoding: 'utf8' }).trim()
  return `/sys/fs/ext4/${basename(device)}/trigger_fs_error`
}

function whyNot(): string | false {
  if (process.getuid?.() !== 0) return 'only root can mount a disk of its own'
  try {
    using disk = SmallDisk.make(16)
    accessSync(triggerOf(disk.path), constants.W_OK)
    return false
  } catch (error) {
    return `no disk can be mounted here: ${String(error).split('\n')[0]}`
  }
}

/** For a test's `skip`: false where disks can be made, else why not. */
export const DISK_LACKS: string | false = whyNot()
