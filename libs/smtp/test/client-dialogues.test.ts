import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { ConversionError } from '@cartero/message'
import { mechanismNamed, type SaslClientMechanism } from '@cartero/sasl'
import {
  serveErrand,
  SmtpClientMachine,
  type Conversion,
  type Converter,
  type OutgoingTransaction,
  type ProxiedClient,
  type SmtpClientOptions,
} from '@cartero/smtp/client'
import { dialoguesIn, sameKind, sameLines, type Dialogue, type DialogueLine } from './dialogue-file.ts'
import { cut, Pump } from './pump.ts'
import { ScriptErrand } from './script-errand.ts'
import { LOGIN, PASSWORD } from './script-session.ts'

const TLS = { version: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384' }
const CUTS: readonly (readonly number[])[] = [[], [1], [2, 5, 1], [13]]

for (const [file, dialogues] of dialoguesIn('client')) {
  suite(file, () => {
    for (const dialogue of dialogues) {
      const whole = dialogue.lines.some((line) => line.kind === 'event' && line.word === 'whole')
      test(dialogue.name, async () => {
        for (const sizes of whole ? [[]] : CUTS) await new ClientRun(dialogue, sizes).play()
      })
    }
  })
}

/** One dialogue with a client, cut in one way. */
class ClientRun {
  readonly #dialogue: Dialogue
  readonly #sizes: readonly number[]
  readonly #errand = new ScriptErrand()
  #options: SmtpClientOptions = { hostname: 'client.example' }
  #content: OutgoingTransaction['content'] = Buffer.from('Hello.\r\n')
  #pump: Pump<never, never> | undefined

  constructor(dialogue: Dialogue, sizes: readonly number[]) {
    this.#dialogue = dialogue
    this.#sizes = sizes
  }

  async play(): Promise<void> {
    const { lines } = this.#dialogue
    for (let i = 0; i < lines.length;) {
      const line = lines[i]!
      if (line.kind === 'event') {
        await this.#happen(line)
        i++
        continue
      }
      const group = sameKind(lines, i)
      i += group.length
      if (line.kind === 'client') {
        this.#expect((await this.#start().run()).toString(), group)
        continue
      }
      const expected = lines[i]?.kind === 'client' ? sameKind(lines, i) : []
      i += expected.length
      await this.#serverSays(group.join(''), expected)
    }
  }

  #start(): Pump<never, never> {
    const machine = (): SmtpClientMachine => new SmtpClientMachine(this.#errand, this.#options)
    this.#pump ??= new Pump(machine(), serveErrand(this.#errand)) as unknown as Pump<never, never>
    return this.#pump
  }

  async #serverSays(text: string, expected: readonly string[]): Promise<void> {
    const pump = this.#start()
    let said = (await pump.run()).toString()
    for (const chunk of cut(Buffer.from(text), this.#sizes)) {
      pump.machine.receive(chunk)
      said += (await pump.run()).toString()
    }
    this.#expect(said, expected)
  }

  #expect(said: string, expected: readonly string[]): void {
    const whole = expected.join('')
    if (said !== whole && sameLines(said, expected)) return
    assert.equal(said, whole, `cut into ${JSON.stringify(this.#sizes)}`)
  }

  async #happen({ word, argument }: Extract<DialogueLine, { readonly kind: 'event' }>): Promise<void> {
    const [first = '', second = ''] = argument.split(' ')
    switch (word) {
      case 'whole':
        return
      case 'option':
        this.#options = { ...this.#options, [first]: second === '' ? true : optionOf(second) }
        return
      case 'limit':
        this.#options = { ...this.#options, limits: { ...this.#options.limits, [first]: Number(second) } }
        return
      case 'downgrade':
        this.#options = {
          ...this.#options,
          downgrade: { conversion, ...this.#options.downgrade, [first]: optionOf(second) },
        }
        return
      case 'xclient':
        this.#options = { ...this.#options, xclient: JSON.parse(argument) as ProxiedClient }
        return
      case 'ahead':
        return this.#errand.ahead()
      case 'implicit-tls':
        this.#options = { ...this.#options, tls: TLS }
        return
      case 'auth':
        this.#options = { ...this.#options, authenticate: chooseOnly(argument) }
        return
      case 'content':
        this.#content = Buffer.from(JSON.parse(`"${argument}"`) as string)
        return
      case 'stream':
        this.#content = streamOf(JSON.parse(`"${argument}"`) as string)
        return
      case 'unreadable':
        this.#content = unreadable
        return
      case 'question':
        return this.#errand.ask(JSON.parse(`"${argument}"`) as string)
      case 'atrn':
        return this.#errand.askToTurn(JSON.parse(`"${argument}"`) as string)
      case 'atrn-for-nobody':
        return this.#errand.askToTurn(argument, false)
      case 'message':
        return this.#errand.add(argument, this.#content)
      case 'tls':
        assert.equal(this.#pump!.startTls, true, 'TLS is not being started')
        this.#pump!.startTls = false
        this.#pump!.machine.tlsStarted(TLS)
        return
      case 'silence':
        assert.match(this.#start().machine.patience.waitingFor, new RegExp(`^answer \\d+, to ${argument}$`))
        return this.#pump!.machine.timedOut()
      case 'patience':
        return assert.equal(this.#start().machine.patience.milliseconds, Number(argument) * 1000)
      case 'drain':
        return this.#start().machine.drain()
      case 'says':
        return this.#expect(
          (await this.#start().run()).toString(),
          argument === '' ? [] : [`${argument}\r\n`],
        )
      case 'broken':
        return this.#pump!.machine.disconnected()
      case 'turned':
        return assert.notEqual(this.#pump!.turnedTo, undefined, 'nobody else has the connection')
      case 'not-turned':
        return assert.equal(this.#pump!.turnedTo, undefined, 'the connection was turned around')
      case 'closed':
        return assert.equal(this.#pump!.closed, true, 'the connection is still open')
      case 'told':
        return assert.equal(this.#errand.told.shift(), argument)
      case 'nothing-told':
        return assert.deepEqual(this.#errand.told, [])
      default:
        throw new Error(`unknown event ${word}`)
    }
  }
}

function optionOf(text: string): string | boolean {
  return text === 'true' || text === 'false' ? text === 'true' : text
}

/** Says what it did, so that it is seen in a dialogue. */
const conversion: Conversion = {
  to7Bit: converter(/[\u0080-\uffff]/g, '=C3'),
  to8Bit: converter(/\0/g, '=00'),
  isSigned: (header) => header.includes('DKIM-Signature:'),
}

function converter(what: RegExp, by: string): Converter {
  const convert = (source: Buffer): Buffer => {
    if (source.includes('SEALED')) throw new ConversionError('encrypted')
    return Buffer.from(source.toString().replaceAll(what, by))
  }
  async function* stream(source: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
    const pieces: Uint8Array[] = []
    for await (const bytes of source) pieces.push(bytes)
    yield convert(Buffer.concat(pieces))
  }
  return ((source: Buffer | AsyncIterable<Uint8Array>) =>
    Buffer.isBuffer(source) ? convert(source) : stream(source)) as Converter
}

function chooseOnly(name: string): NonNullable<SmtpClientOptions['authenticate']> {
  return (offered) => {
    if (!offered.includes(name)) return undefined
    const exchange =
      MOCKS[name]?.() ??
      mechanismNamed(name)!.connect({ login: LOGIN, password: PASSWORD, newNonce: () => 'client-nonce' })
    return { name, exchange }
  }
}

/** Mechanisms whose words are easy to read in a dialogue. */
const MOCKS: Readonly<Record<string, () => SaslClientMechanism>> = {
  LONG: () => ({
    complete: true,
    initial: () => Buffer.from('long'.repeat(100)),
    respond: () => Buffer.alloc(0),
  }),
  BEARER: () => ({ complete: true, initial: () => Buffer.from('token'), respond: () => Buffer.from([1]) }),
  EXTERNAL: () => ({ complete: true, initial: () => Buffer.alloc(0), respond: () => Buffer.alloc(0) }),
}

function streamOf(text: string): () => AsyncIterable<Uint8Array> {
  return async function* () {
    for (const octet of Buffer.from(text)) yield Buffer.from([octet])
  }
}

async function* unreadable(): AsyncIterable<Uint8Array> {
  yield Buffer.from('the first half\r\n')
  throw new Error('the disk is gone')
}
