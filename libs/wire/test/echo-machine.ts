import { LineReader, type Output, type Patience, type ProtocolMachine, type TlsFacts } from '@cartero/wire'

const COMMAND: Patience = { milliseconds: 10_000, waitingFor: 'command' }
const LUMP: Patience = { milliseconds: 10_000, waitingFor: 'lump', inAll: 25_000 }

/** A small protocol with every kind of output: `echo`, `pour`, `pause`, `starttls`, `quit`; `lump` lasts until `done`. */
export class EchoMachine implements ProtocolMachine<string, string> {
  patience: Patience = COMMAND
  readonly seen: string[] = []
  readonly lines = new LineReader(1000)
  readonly #outputs: Output<string>[] = []

  constructor(greeting: string = 'hello') {
    this.#say(greeting)
  }

  receive(bytes: Buffer): void {
    this.lines.push(bytes)
  }

  next(): Output<string> | undefined {
    if (this.#outputs.length === 0) this.#obey()
    return this.#outputs.shift()
  }

  answer(answer: string): void {
    this.#say(answer)
  }

  fail(error: unknown): void {
    this.#say(`failed ${(error as Error).name}`)
  }

  streamed(): void {
    this.#say('poured')
  }

  tlsStarted(tls: TlsFacts): void {
    this.#say(`secured ${tls.version}`)
  }

  timedOut(): void {
    this.#say('too slow')
    this.#outputs.push({ kind: 'close' })
  }

  drain(): void {
    this.#say('going')
    this.#outputs.push({ kind: 'close' })
  }

  disconnected(): void {
    this.seen.push('disconnected')
  }

  wake(): void {
    this.#say('news')
  }

  #obey(): void {
    const line = this.lines.next()
    if (line?.kind !== 'line') return
    const [verb, ...rest] = line.bytes.toString().split(' ')
    this.seen.push(verb!)
    if (verb === 'echo') this.#outputs.push({ kind: 'ask', question: rest.join(' ') })
    else if (verb === 'pour') this.#outputs.push({ kind: 'stream', source: pour(Number(rest[0])) })
    else if (verb === 'pause') this.#pause(rest.map(Number))
    else if (verb === 'lump') this.#enter(LUMP)
    else if (verb === 'done') this.#enter(COMMAND)
    else if (verb === 'starttls') this.#startTls()
    else if (verb === 'quit') this.#outputs.push({ kind: 'close' })
    else this.#say(`unknown ${verb}`)
  }

  #pause(each: readonly number[]): void {
    for (const milliseconds of each) {
      this.#say('wait')
      this.#outputs.push({ kind: 'pause', milliseconds })
    }
    this.#say('waited')
  }

  #enter(patience: Patience): void {
    this.patience = patience
    this.#say(patience.waitingFor)
  }

  #startTls(): void {
    this.lines.clear()
    this.#say('go ahead')
    this.#outputs.push({ kind: 'startTls' })
  }

  #say(text: string): void {
    this.#outputs.push({ kind: 'send', bytes: Buffer.from(`${text}\r\n`) })
  }
}

async function* pour(pieces: number): AsyncGenerator<Buffer> {
  for (let i = 0; i < pieces; i++) yield Buffer.alloc(10_000, 0x2e)
}
