import assert from 'node:assert/strict'
import { mechanismNamed } from '@cartero/sasl'
import { LineClient } from '@cartero/testkit'

/** Closes without a word; says nothing; says this; or closes in the middle of it. */
export type Answer = string | typeof DROP | typeof SILENCE | { readonly part: string }
export const DROP = Symbol('drop')
export const SILENCE = Symbol('silence')

export const ACCOUNT = 'fetch@cartero.test'
export const PASSWORD = 'the words of home'

type Place = 'greeting' | 'EHLO' | 'HELO' | 'MAIL' | 'RCPT' | 'DATA' | 'BDAT' | 'end' | 'RSET' | 'QUIT'

/** What the customer says as a server: always the same, or one after the other, the last one for ever. */
export type Script = { readonly [place in Place]?: Answer | readonly Answer[] } & {
  /** Called when a message is there, and before it is answered. */
  readonly atEnd?: () => void | Promise<void>
  /** Lines of EHLO behind the first. */
  readonly offers?: readonly string[]
  /** Cut after so many octets of the first message. */
  readonly dropInBody?: number
}

const USUAL: Readonly<Record<Place, string>> = {
  greeting: '220 home.test ESMTP',
  EHLO: '250 home.test',
  HELO: '250 home.test',
  MAIL: '250 2.1.0 sender',
  RCPT: '250 2.1.5 recipient',
  DATA: '354 go on',
  BDAT: '250 2.0.0 octets',
  end: '250 2.0.0 taken',
  RSET: '250 2.0.0 forgotten',
  QUIT: '221 2.0.0 bye',
}

export interface Letter {
  readonly mail: string
  readonly rcpt: readonly string[]
  readonly text: string
}

/** What a customer saw of a turn. */
export interface Seen {
  readonly heard: string[]
  /** Those that it answered for. */
  readonly taken: Letter[]
  /** All that it has, whether it said so or not. */
  readonly received: Letter[]
}

/** A customer, word for word: a client until the connection is turned around, a server then. */
export class Customer implements Disposable {
  #line: LineClient
  readonly seen: Seen = { heard: [], taken: [], received: [] }
  readonly #turns = new Map<Place, number>()
  #script: Script = {}
  #mail = ''
  #rcpt: string[] = []
  #text = ''

  private constructor(line: LineClient) {
    this.#line = line
  }

  /** Greeted, and has said EHLO. */
  static async connect(port: number): Promise<Customer> {
    const customer = new Customer(await LineClient.connect(port))
    await customer.#introduce()
    return customer
  }

  static async connectTls(port: number): Promise<Customer> {
    const customer = new Customer(await LineClient.connectTls(port))
    await customer.#introduce()
    return customer
  }

  get line(): LineClient {
    return this.#line
  }

  async #introduce(): Promise<void> {
    assert.match(await this.#line.reply(), /^220 /)
    assert.match(await this.#line.smtp('EHLO laptop.home.test'), /^250/)
  }

  async startTls(): Promise<void> {
    assert.match(await this.say('STARTTLS'), /^220 /)
    this.#line = await this.#line.secured()
    assert.match(await this.say('EHLO laptop.home.test'), /^250/)
  }

  say(line: string): Promise<string> {
    return this.#line.smtp(line)
  }

  logIn(password = PASSWORD, account = ACCOUNT): Promise<string> {
    return this.say(`AUTH PLAIN ${Buffer.from(`\0${account}\0${password}`).toString('base64')}`)
  }

  async logInByCramMd5(password = PASSWORD, account = ACCOUNT): Promise<string> {
    const [, challenge] = /^334 (\S+)/.exec(await this.say('AUTH CRAM-MD5')) ?? assert.fail('no challenge')
    const exchange = mechanismNamed('CRAM-MD5')!.connect({ login: account, password, offered: [] })
    const answer = exchange.respond(Buffer.from(challenge!, 'base64'))
    return this.say(answer.toString('base64'))
  }

  /** Is a server from here on, until somebody leaves. */
  async serve(script: Script = {}): Promise<Seen> {
    this.#script = script
    try {
      let goesOn = this.#answer('greeting') !== undefined
      while (goesOn) goesOn = await this.#command()
    } catch {
      // The provider has left.
    }
    return this.seen
  }

  /** Asks for its mail, and takes it. */
  async fetch(script: Script = {}, request = 'ATRN'): Promise<Seen> {
    assert.match(await this.say(request), /^250 /)
    return this.serve(script)
  }

  async #command(): Promise<boolean> {
    const line = (await this.#line.expect(/^.*\r\n/)).trimEnd()
    this.seen.heard.push(line)
    const place = line.split(' ')[0]!.toUpperCase() as Place
    if (place === 'BDAT') return this.#chunk(line)
    const code = this.#answer(place)
    if (place === 'MAIL') [this.#mail, this.#rcpt, this.#text] = [line, [], '']
    if (place === 'RCPT' && code === '2') this.#rcpt.push(line)
    if (place === 'DATA' && code === '3') return this.#data()
    return code !== undefined && place !== 'QUIT'
  }

  async #data(): Promise<boolean> {
    const { dropInBody } = this.#script
    if (dropInBody !== undefined) {
      await this.#line.expect(new RegExp(String.raw`^[\s\S]{${dropInBody}}`))
      this.#line.socket.destroySoon()
      return false
    }
    const text = await this.#line.expect(/^(?:[\s\S]*?\r\n)?\.\r\n/)
    this.#text = text.slice(0, -3).replaceAll(/^\.\./gm, '.')
    return this.#end()
  }

  async #chunk(line: string): Promise<boolean> {
    const [, size, last] = line.split(' ')
    this.#text += size === '0' ? '' : await this.#line.expect(new RegExp(String.raw`^[\s\S]{${size}}`))
    return last === undefined ? this.#answer('BDAT') !== undefined : this.#end()
  }

  async #end(): Promise<boolean> {
    await this.#script.atEnd?.()
    const letter = { mail: this.#mail, rcpt: this.#rcpt, text: this.#text }
    this.seen.received.push(letter)
    const code = this.#answer('end')
    if (code === '2') this.seen.taken.push(letter)
    return code !== undefined
  }

  /** The first digit of what was said; undefined when it has left. */
  #answer(place: Place): string | undefined {
    const turn = this.#turns.get(place) ?? 0
    this.#turns.set(place, turn + 1)
    const given = this.#script[place] ?? USUAL[place] ?? '502 5.5.1 what'
    const answer = (Array.isArray(given) ? given[Math.min(turn, given.length - 1)] : given) as
      | Answer
      | undefined
    if (answer === SILENCE) return ''
    if (typeof answer !== 'string') {
      if (answer !== undefined && answer !== DROP) this.#line.write(answer.part)
      this.#line.socket.destroySoon()
      return undefined
    }
    this.#line.write(`${this.#lines(place, answer).join('\r\n')}\r\n`)
    return answer[0]
  }

  #lines(place: Place, answer: string): readonly string[] {
    const { offers = [] } = this.#script
    if (place !== 'EHLO' || !answer.startsWith('250 ')) return [answer]
    const words = [answer.slice(4), ...offers]
    return words.map((line, i) => `250${i === words.length - 1 ? ' ' : '-'}${line}`)
  }

  [Symbol.dispose](): void {
    this.#line[Symbol.dispose]()
  }
}
