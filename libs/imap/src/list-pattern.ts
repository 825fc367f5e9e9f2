import { DELIMITER } from './mailbox-name.ts'

/**
 * Does the name match? `*` stands for anything, `%` for anything within a level (RFC 3501 §6.3.8).
 * Time is pattern times name whatever the pattern: no backtracking.
 */
export function matchesPattern(name: string, pattern: string): boolean {
  let reachable = new Uint8Array(name.length + 1)
  reachable[0] = 1
  for (const symbol of pattern) reachable = step(reachable, name, symbol)
  return reachable[name.length] === 1
}

/** Which ends of the name can be reached with one symbol more. */
function step(before: Uint8Array, name: string, symbol: string): Uint8Array<ArrayBuffer> {
  const after = new Uint8Array(before.length)
  if (symbol !== '*' && symbol !== '%') {
    for (let i = 0; i < name.length; i++) {
      if (before[i] === 1 && name.startsWith(symbol, i)) after[i + symbol.length] = 1
    }
    return after
  }
  for (let i = 0; i < before.length; i++) {
    const crossed = i > 0 && after[i - 1] === 1 && (symbol === '*' || name[i - 1] !== DELIMITER)
    if (before[i] === 1 || crossed) after[i] = 1
  }
  return after
}
