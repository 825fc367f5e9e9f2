import { DELIMITER } from './mailbox-name.ts'

/** A LIST pattern: `*` stands for anything, `%` for anything within a level (RFC 3501 §6.3.8). */
export class ListPattern {
  /** Before the first wildcard. */
  readonly #prefix: string
  /** From the first wildcard on; wildcards side by side are one. */
  readonly #tail: readonly string[]
  readonly #literals: number

  constructor(pattern: string) {
    const wildcard = pattern.search(/[*%]/)
    this.#prefix = wildcard === -1 ? pattern : pattern.slice(0, wildcard)
    this.#tail = wildcard === -1 ? [] : symbolsOf(pattern.slice(wildcard))
    this.#literals = this.#tail.filter((symbol) => !isWildcard(symbol)).length
  }

  /** What matching costs for each character of a name, at most. */
  get weight(): number {
    return Math.max(1, this.#tail.length)
  }

  /** Does the name match? Time is at most `weight` times name whatever the pattern: no backtracking. */
  matches(name: string): boolean {
    if (!name.startsWith(this.#prefix)) return false
    const rest = name.slice(this.#prefix.length)
    const [first, ...others] = this.#tail
    if (first === undefined) return rest === ''
    if (others.length === 0) return first === '*' || !rest.includes(DELIMITER)
    return this.#literals <= rest.length && matchesSymbols(rest, this.#tail)
  }
}

export function matchesPattern(name: string, pattern: string): boolean {
  return new ListPattern(pattern).matches(name)
}

function isWildcard(symbol: string | undefined): boolean {
  return symbol === '*' || symbol === '%'
}

function symbolsOf(pattern: string): readonly string[] {
  const symbols: string[] = []
  for (const symbol of pattern) {
    if (!isWildcard(symbol) || !isWildcard(symbols.at(-1))) symbols.push(symbol)
    else if (symbol === '*') symbols[symbols.length - 1] = symbol
  }
  return symbols
}

function matchesSymbols(name: string, symbols: readonly string[]): boolean {
  let reachable = new Uint8Array(name.length + 1)
  reachable[0] = 1
  for (const symbol of symbols) reachable = step(reachable, name, symbol)
  return reachable[name.length] === 1
}

/** Which ends of the name can be reached with one symbol more. */
function step(before: Uint8Array, name: string, symbol: string): Uint8Array<ArrayBuffer> {
  const after = new Uint8Array(before.length)
  if (!isWildcard(symbol)) {
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
