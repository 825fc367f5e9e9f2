import type { Socket } from 'node:net'

const LINE_END = Buffer.from('\r\n')
const MESSAGE_END = Buffer.from('\r\n.\r\n')

/** The server's side of a connection: takes every message, keeps none, and notes when the first and the last came. */
export class TakingHost {
  /** Messages taken so far. */
  count = 0
  /** performance.now() of the first MAIL, and of the last message's end. */
  firstAt = 0
  lastAt = 0

  /** Greets, and answers until the connection ends. */
  serve(socket: Socket, early: Buffer = Buffer.alloc(0)): void {
    let rest = early
    let isData = false
    const hear = (bytes: Buffer): void => {
      rest = rest.length === 0 ? bytes : Buffer.concat([rest, bytes])
      const replies: string[] = []
      for (;;) {
        const mark = isData ? MESSAGE_END : LINE_END
        const end = rest.indexOf(mark)
        if (end < 0) break
        const said = rest.toString('latin1', 0, Math.min(end, 8)).toUpperCase()
        rest = rest.subarray(end + mark.length)
        if (isData) this.#took()
        isData = !isData && said === 'DATA'
        replies.push(this.#answerTo(said, isData))
      }
      if (replies.length > 0) socket.write(replies.join(''))
    }
    socket.on('data', hear)
    socket.write('220 home.bench.test\r\n')
    if (early.length > 0) hear(Buffer.alloc(0))
  }

  #took(): void {
    this.count += 1
    this.lastAt = performance.now()
  }

  #answerTo(said: string, isData: boolean): string {
    if (isData) return '354 go on\r\n'
    if (said.startsWith('EHLO')) return '250-home.bench.test\r\n250-PIPELINING\r\n250 8BITMIME\r\n'
    if (said.startsWith('MAIL') && this.firstAt === 0) this.firstAt = performance.now()
    return '250 fine\r\n'
  }
}
