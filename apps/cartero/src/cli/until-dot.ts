const LF = 0x0a
const DOT = 0x2e

/** What comes before a line with a dot alone; all of it when there is none. Lines end with LF or CRLF. */
export async function* untilDot(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void> {
  let held: Buffer = Buffer.alloc(0)
  let isLineStart = true
  for await (const chunk of source) {
    const octets = held.length === 0 ? chunk : Buffer.concat([held, chunk])
    const { end, isOver } = dotLine(octets, isLineStart)
    if (end > 0) yield octets.subarray(0, end)
    if (isOver) return
    held = octets.subarray(end)
    isLineStart = held.length > 0 || octets.at(-1) === LF
  }
}

/** Where a line with a dot alone begins, or may begin: then it is not known yet whether it is one. */
function dotLine(octets: Buffer, isLineStart: boolean): { readonly end: number; readonly isOver: boolean } {
  for (let at = isLineStart ? 0 : octets.indexOf(LF) + 1; at < octets.length;) {
    if (at === 0 && !isLineStart) break
    if (octets[at] === DOT) {
      const behind = octets.subarray(at + 1, at + 3).toString('latin1')
      if (behind.startsWith('\n') || behind === '\r\n') return { end: at, isOver: true }
      if (behind === '' || behind === '\r') return { end: at, isOver: false }
    }
    const lineEnd = octets.indexOf(LF, at)
    if (lineEnd === -1) break
    at = lineEnd + 1
  }
  return { end: octets.length, isOver: false }
}
