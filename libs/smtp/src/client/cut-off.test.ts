import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { SmtpClientMachine } from './machine.ts'
import type { OutgoingTransaction, RecipientOutcome, SmtpErrand } from './errand.ts'
import { parseForwardPath } from '../path.ts'

/** A client that has given letters to a server, and what it makes of the end. */
class Talk {
  readonly outcomes: RecipientOutcome[][] = []
  readonly machine: SmtpClientMachine
  readonly #errand: SmtpErrand
  readonly #letters: OutgoingTransaction[]

  constructor(extensions: readonly string[], letters = 1) {
    this.#letters = Array.from({ length: letters }, letter)
    this.#errand = {
      next: () => this.#letters.shift(),
      more: () => this.#letters.shift(),
      settled: (_transaction, outcomes) => this.outcomes.push([...outcomes]),
    }
    this.machine = new SmtpClientMachine(this.#errand, { hostname: 'client.test' })
    this.hears('220 hello')
    this.hears(
      ['250-hello', ...extensions.slice(0, -1).map((each) => `250-${each}`), `250 ${extensions.at(-1)}`].join(
        '\r\n',
      ),
    )
  }

  hears(text: string): this {
    this.machine.receive(Buffer.from(`${text}\r\n`))
    return this.#pump()
  }

  lost(): readonly (string | undefined)[] {
    this.machine.disconnected()
    return this.outcomes.map(([outcome]) => outcome!.cutOff)
  }

  #pump(): this {
    for (let output = this.machine.next(); output !== undefined; output = this.machine.next()) {
      if (output.kind !== 'ask') continue
      this.machine.answer(
        this.#errand.next({ offer: new Map(), transactions: 0 }) as OutgoingTransaction | undefined,
      )
    }
    return this
  }
}

function letter(): OutgoingTransaction {
  return {
    reversePath: undefined,
    recipients: [{ path: parseForwardPath('bob@example.net')! }],
    content: Buffer.from('Subject: x\r\n\r\nx\r\n'),
  }
}

describe('a conversation that ends before the answer', () => {
  it('is early while the message was not said: nobody can have it', () => {
    const talk = new Talk(['PIPELINING'])
    assert.deepEqual(talk.lost(), ['early'])
    assert.deepEqual(new Talk(['PIPELINING']).hears('250 ok').hears('250 ok').lost(), ['early'])
  })

  it('is late once the dot was said: the server may have it', () => {
    assert.deepEqual(new Talk(['PIPELINING']).hears('250 ok').hears('250 ok').hears('354 go').lost(), [
      'late',
    ])
  })

  it('is late in BDAT before any answer, since the message was said with its envelope', () => {
    assert.deepEqual(new Talk(['PIPELINING', 'CHUNKING']).lost(), ['late'])
  })

  it('is late for what was said, and early for what was not', () => {
    const talk = new Talk(['PIPELINING'], 2)
    assert.deepEqual(talk.hears('250 ok').hears('250 ok').hears('354 go').lost(), ['late', 'early'])
  })

  it('is early when the server does not know how it was said', () => {
    const talk = new Talk(['PIPELINING', 'CHUNKING'], 2)
    talk.hears('250 ok').hears('250 ok').hears('502 5.5.1 what is BDAT')
    assert.deepEqual(talk.lost(), ['early', 'early'])
  })

  it('is nothing of the kind for who was refused', () => {
    const talk = new Talk(['PIPELINING', 'CHUNKING'])
    assert.deepEqual(talk.hears('550 no').lost(), [undefined])
  })
})
