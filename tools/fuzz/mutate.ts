import type { Random } from './random.ts'

/** Octets that parsers trip over. */
const AWKWARD = [
  0x00, 0x09, 0x0a, 0x0d, 0x20, 0x22, 0x2b, 0x2e, 0x3c, 0x3d, 0x3e, 0x40, 0x5c, 0x7f, 0x80, 0xff,
]

type Mutation = (input: Buffer, random: Random, words: readonly Buffer[], others: readonly Buffer[]) => Buffer

const MUTATIONS: readonly Mutation[] = [
  (input, random) => replaced(input, random.below(input.length + 1), 1, Buffer.of(random.pick(AWKWARD))),
  (input, random) => replaced(input, random.below(input.length + 1), 1, Buffer.of(random.below(256))),
  (input, random) => replaced(input, random.below(input.length + 1), 0, Buffer.of(random.pick(AWKWARD))),
  (input, random) => replaced(input, random.below(input.length + 1), random.below(8), Buffer.alloc(0)),
  (input, random, words) => replaced(input, random.below(input.length + 1), 0, random.pick(words)),
  (input, random, words) =>
    replaced(input, lineStart(input, random), 0, Buffer.concat([random.pick(words), CRLF])),
  (input, random) => doubled(input, random),
  (input, random) => withoutLine(input, random),
  (input, random, _words, others) => spliced(input, random.pick(others), random),
  (input, random) => stretched(input, random),
]

const CRLF = Buffer.from('\r\n')
/** No input grows beyond; long ones find nothing that shorter ones do not. */
export const MAX_INPUT = 16_384

/** A few changes to the input. `words` are what the grammar is made of, `others` are inputs to take pieces of. */
export function mutate(
  input: Buffer,
  random: Random,
  words: readonly Buffer[],
  others: readonly Buffer[],
): Buffer {
  let mutant = input
  for (let changes = 1 + random.below(4); changes > 0; changes--) {
    mutant = random.pick(MUTATIONS)(mutant, random, words, others)
  }
  return mutant.subarray(0, MAX_INPUT)
}

function replaced(input: Buffer, at: number, count: number, by: Buffer): Buffer {
  return Buffer.concat([input.subarray(0, at), by, input.subarray(at + count)])
}

/** Where a line begins, chosen at random. */
function lineStart(input: Buffer, random: Random): number {
  return input.indexOf('\n', random.below(input.length + 1)) + 1
}

function lineAt(input: Buffer, random: Random): readonly [from: number, to: number] {
  const from = lineStart(input, random)
  const end = input.indexOf('\n', from)
  return [from, end === -1 ? input.length : end + 1]
}

function doubled(input: Buffer, random: Random): Buffer {
  const [from, to] = lineAt(input, random)
  return replaced(input, lineStart(input, random), 0, input.subarray(from, to))
}

function withoutLine(input: Buffer, random: Random): Buffer {
  const [from, to] = lineAt(input, random)
  return replaced(input, from, to - from, Buffer.alloc(0))
}

function spliced(input: Buffer, other: Buffer, random: Random): Buffer {
  return Buffer.concat([
    input.subarray(0, lineStart(input, random)),
    other.subarray(lineStart(other, random)),
  ])
}

/** A piece of it many times: lines that are too long, lists without end. */
function stretched(input: Buffer, random: Random): Buffer {
  const at = random.below(input.length + 1)
  const piece = input.subarray(at, at + 1 + random.below(12))
  return replaced(input, at, 0, Buffer.alloc(piece.length * random.below(300), piece))
}
