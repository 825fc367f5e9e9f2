import { relative } from 'node:path'

import { OperatorError } from '../lifecycle/operator-error.ts'

/** Octets of a socket's path that every system takes (sun_path is 104 on macOS, 108 on Linux, with its NUL). */
const LONGEST_SOCKET_PATH = 103

/** A socket's path has a length limit; seen from the working directory it may be shorter. */
export function shortestPath(path: string): string {
  if (Buffer.byteLength(path) <= LONGEST_SOCKET_PATH) return path
  const shorter = relative(process.cwd(), path)
  if (Buffer.byteLength(shorter) <= LONGEST_SOCKET_PATH) return shorter
  throw new OperatorError(
    `the path of the control socket is too long: ${path}`,
    'choose a data folder with a shorter path',
  )
}
