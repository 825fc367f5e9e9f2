import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'

/** Speaks a line protocol word for word: for what a well-behaved client would never say. */
export class LineClient implements Disposable {
  readonly #socket: Socket
  #text = ''
  #closed = false
  #news: (() => void) | undefined

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (bytes: Buffer) => {
      this.#text += bytes.toString('latin1')
      this.#news?.()
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      this.#closed = true
      this.#news?.()
    })
  }

  static async connect(port: number, host = '127.0.0.1'): Promise<LineClient> {
    const socket = connect({ port, host, noDelay: true })
    await once(socket, 'connect')
    return new LineClient(socket)
  }

  /** TLS at once. The certificate is not looked at. */
  static async connectTls(port: number, host = '127.0.0.1'): Promise<LineClient> {
    const socket = connectTls({ port, host, rejectUnauthorized: false }).setNoDelay(true)
    await once(socket, 'secureConnect')
    return new LineClient(socket)
  }

  /** The same connection under TLS, once the server has said that it is ready. The certificate is not looked at. */
  async secured(): Promise<LineClient> {
    const socket = connectTls({ socket: this.#socket, rejectUnauthorized: false })
    await once(socket, 'secureConnect')
    return new LineClient(socket)
  }

  get socket(): Socket {
    return this.#socket
  }

  write(text: string | Buffer): void {
    this.#socket.write(text)
  }

  /** Waits for text that matches, and takes everything up to the end of the match. Rejects when the connection ends before. */
  async expect(pattern: RegExp, limitMs = 20_000): Promise<string> {
    const timer = setTimeout(() => this.#socket.destroy(), limitMs)
    try {
      for (;;) {
        const match = pattern.exec(this.#text)
        if (match !== null) {
          const end = match.index + match[0].length
          const taken = this.#text.slice(0, end)
          this.#text = this.#text.slice(end)
          return taken
        }
        if (this.#closed)
          throw new Error(`the connection ended; wanted ${pattern}, had ${JSON.stringify(this.#text)}`)
        await new Promise<void>((resolve) => (this.#news = resolve))
      }
    } finally {
      clearTimeout(timer)
    }
  }

  /** Sends a line and takes the whole SMTP reply. */
  async smtp(line: string): Promise<string> {
    this.write(`${line}\r\n`)
    return this.reply()
  }

  /** What an EHLO is answered: the host, and each extension as it stands in its line. RFC 5321 §4.1.1.1 */
  async offered(): Promise<readonly string[]> {
    const reply = await this.smtp('EHLO client.test')
    return reply
      .trimEnd()
      .split('\r\n')
      .map((line) => line.slice('250-'.length))
  }

  /** One letter to bob, from this MAIL command to the reply at the end of its data; throws when it is refused before. */
  async letter(text: string, mail: string): Promise<string> {
    assert.match(await this.smtp(mail), /^250 /)
    assert.match(await this.smtp('RCPT TO:<bob@cartero.test>'), /^250 /)
    assert.match(await this.smtp('DATA'), /^354 /)
    return this.smtp(`${text}\r\n.`)
  }

  /** One SMTP reply, all its lines. RFC 5321 §4.2.1 */
  reply(): Promise<string> {
    return this.expect(/^(?:\d{3}-.*\r\n)*\d{3}(?: .*)?\r\n/m)
  }

  /** Fulfilled when the peer has closed. */
  async closed(): Promise<void> {
    while (!this.#closed) await new Promise<void>((resolve) => (this.#news = resolve))
  }

  [Symbol.dispose](): void {
    this.#socket.destroy()
  }
}
