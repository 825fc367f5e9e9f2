import { octetString, type OctetString } from '../octet-string.ts'
import { CR, isWsp, LF } from '../octets.ts'

/**
 * A field's value on one line (RFC 5322 §2.2.3): line ends go, the white space that follows them stays, and white space
 * around the whole is trimmed. `start` to `end` is what stands between the colon and the field's end.
 */
export function unfold(bytes: Buffer, start: number = 0, end: number = bytes.length): OctetString {
  let from = start
  let to = end
  while (from < to && isFoldOctet(bytes[from]!)) from++
  while (to > from && isFoldOctet(bytes[to - 1]!)) to--
  const fold = bytes.indexOf(LF, from)
  return fold === -1 || fold >= to ? octetString(bytes, from, to) : joinLines(bytes, from, to, fold)
}

function joinLines(bytes: Buffer, from: number, to: number, firstFold: number): OctetString {
  let text = ''
  let lineStart = from
  for (let fold = firstFold; fold !== -1 && fold < to; fold = bytes.indexOf(LF, lineStart)) {
    const lineEnd = fold > lineStart && bytes[fold - 1] === CR ? fold - 1 : fold
    text += octetString(bytes, lineStart, lineEnd)
    lineStart = fold + 1
  }
  return text + octetString(bytes, lineStart, to)
}

function isFoldOctet(octet: number): boolean {
  return isWsp(octet) || octet === CR || octet === LF
}
