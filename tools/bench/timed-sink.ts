import { connect, createServer, type Server, type Socket } from 'node:net'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'

/** A letter says in this field when it was handed in, by the clock of performance.now(). */
const STAMP = 'X-Handed-In:'

/** A host that takes everything and notes how long each letter was on its way. */
export class TimedSink implements AsyncDisposable {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  /** Milliseconds. */
  delays: number[] = []

  private constructor(server: Server) {
    this.#server = server
    server.on('connection', (socket) => this.#serve(socket))
  }

  static async listen(port: number): Promise<TimedSink> {
    const server = createServer({ noDelay: true })
    const sink = new TimedSink(server)
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    return sink
  }

  async until(count: number, limitMs = 60_000): Promise<void> {
    const deadline = performance.now() + limitMs
    while (this.delays.length < count) {
      if (performance.now() > deadline)
        throw new Error(`only ${this.delays.length} of ${count} letters arrived`)
      await sleep(5)
    }
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => this.#sockets.delete(socket))
    socket.write('220 sink\r\n')
    let text = ''
    let isData = false
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1')
      for (;;) {
        const mark = isData ? '\r\n.\r\n' : '\r\n'
        const end = text.indexOf(mark)
        if (end < 0) return
        const said = text.slice(0, end)
        text = text.slice(end + mark.length)
        if (isData) this.#note(said)
        isData = !isData && said.toUpperCase() === 'DATA'
        socket.write(answerTo(said, isData))
      }
    })
  }

  #note(letter: string): void {
    const at = letter.indexOf(STAMP)
    if (at >= 0) this.delays.push(performance.now() - Number.parseFloat(letter.slice(at + STAMP.length)))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
    await once(this.#server, 'close')
  }
}

function answerTo(said: string, isData: boolean): string {
  if (isData) return '354 go on\r\n'
  return /^EHLO/i.test(said) ? '250-sink\r\n250 PIPELINING\r\n' : '250 fine\r\n'
}

/** Hands in letters at an even rate, whatever becomes of them, over one connection each. */
export async function handInEvenly(
  port: number,
  {
    recipient,
    count,
    perSecond,
    size,
  }: {
    readonly recipient: string
    readonly count: number
    readonly perSecond: number
    readonly size: number
  },
): Promise<void> {
  const begin = performance.now()
  const handing: Promise<void>[] = []
  for (let n = 0; n < count; n++) {
    const wait = begin + (n * 1000) / perSecond - performance.now()
    if (wait > 0) await sleep(wait)
    handing.push(handIn(port, recipient, size))
  }
  await Promise.all(handing)
}

async function handIn(port: number, recipient: string, size: number): Promise<void> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  const heard = answers(socket)
  const say = async (line: string, code: string): Promise<void> => {
    if (line !== '') socket.write(`${line}\r\n`)
    const answer = await heard.next()
    if (!answer.value?.startsWith(code)) throw new Error(`${line.slice(0, 40)}: ${String(answer.value)}`)
  }
  await say('', '220')
  await say('EHLO bench.test', '250')
  await say('MAIL FROM:<sender@elsewhere.test>', '250')
  await say(`RCPT TO:<${recipient}>`, '250')
  await say('DATA', '354')
  const head = `${STAMP} ${performance.now()}\r\nSubject: bench\r\n\r\n`
  await say(`${head}${`${'x'.repeat(70)}\r\n`.repeat(Math.ceil(size / 72))}.`, '250')
  socket.end('QUIT\r\n')
}

/** Whole answers, the last line of each. */
async function* answers(socket: Socket): AsyncGenerator<string, void> {
  let text = ''
  for await (const bytes of socket) {
    text += String(bytes)
    for (let match = /^\d{3} .*\r\n/m.exec(text); match !== null; match = /^\d{3} .*\r\n/m.exec(text)) {
      text = text.slice(match.index + match[0].length)
      yield match[0]
    }
  }
}
