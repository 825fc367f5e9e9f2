import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { EXTENSIONS } from '@cartero/smtp'
import { splitEnhancedStatus, STATUS_DETAILS } from '@cartero/syntax'
import {
  DEFAULT_LIMITS,
  serveSession,
  SmtpServerMachine,
  type SmtpEvent,
  type SmtpServerOptions,
} from '@cartero/smtp/server'
import type { ProtocolMachine } from '@cartero/wire'
import { dialoguesIn, sameKind, sameLines, type Dialogue, type DialogueLine } from './dialogue-file.ts'
import { cut, Pump } from './pump.ts'
import { scriptSession, type Ability } from './script-session.ts'

const TLS = { version: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384' }
/** How what the client says is cut into chunks: as one, octet by octet, and unevenly. */
const CUTS: readonly (readonly number[])[] = [[], [1], [2, 5, 1], [13]]

for (const [file, dialogues] of dialoguesIn('server')) {
  suite(file, () => {
    for (const dialogue of dialogues) {
      // What is pipelined behind a verb that must be the last is a matter of what came in one piece.
      const whole = dialogue.lines.some((line) => line.kind === 'event' && line.word === 'whole')
      test(dialogue.name, async () => {
        for (const sizes of whole ? [[]] : CUTS) await new ServerRun(dialogue, sizes).play()
      })
    }
  })
}

test('there is no limit that is not tried in a dialogue', () => {
  const events = [...dialoguesIn('server').values()].flat().flatMap(({ lines }) => lines)
  const tried = new Set(
    events.flatMap((line) =>
      line.kind === 'event' && line.word === 'limit' ? line.argument.split(' ')[0]! : [],
    ),
  )
  assert.deepEqual(
    Object.keys(DEFAULT_LIMITS).filter((name) => !tried.has(name)),
    [],
  )
})

const EHLO_WORDS: ReadonlySet<string> = new Set([
  'mx.example',
  'xn--bcher-kva.example',
  ...Object.keys(EXTENSIONS),
])
const REGISTERED: ReadonlySet<string> = new Set(Object.values(STATUS_DETAILS))

/**
 * Each line of a reply says its reason by a status of the registry, of the same severity. The greeting, the answer to
 * EHLO and intermediate replies have none.
 */
// RFC 2034 §4, RFC 5248 §2.1
function hasStatus(line: string): boolean {
  const [code, text] = [line.slice(0, 3), line.slice(4)]
  if (code.startsWith('3')) return true
  const status = splitEnhancedStatus(text)?.status
  if (status === undefined) return code === '220' || (code === '250' && EHLO_WORDS.has(text.split(' ')[0]!))
  return status[0] === code[0] && REGISTERED.has(status.slice(2))
}

/** One dialogue with a server, cut in one way. */
class ServerRun {
  readonly #dialogue: Dialogue
  readonly #sizes: readonly number[]
  readonly #told: string[] = []
  readonly #events: string[] = []
  readonly #abilities = new Set<Ability>()
  #options: SmtpServerOptions = {
    hostname: 'mx.example',
    observer: (event) => this.#events.push(describe(event)),
  }
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
      if (line.kind === 'client') await this.#clientSays(group.join(''), sameKind(lines, i))
      else this.#expect((await (this.#pump ?? this.#start()).run()).toString(), group)
      if (line.kind === 'client' && lines[i]?.kind === 'server') i += sameKind(lines, i).length
    }
  }

  #start(): Pump<never, never> {
    const session = scriptSession(this.#abilities, this.#told)
    const machine = new SmtpServerMachine(session, this.#options)
    this.#pump = new Pump(machine, serveSession(session)) as unknown as Pump<never, never>
    return this.#pump
  }

  async #clientSays(text: string, expected: readonly string[]): Promise<void> {
    const pump = this.#pump ?? this.#start()
    let said = ''
    for (const chunk of cut(Buffer.from(text), this.#sizes)) {
      pump.machine.receive(chunk)
      said += (await pump.run()).toString()
    }
    this.#expect(said, expected)
  }

  #expect(said: string, expected: readonly string[]): void {
    for (const line of said.split('\r\n').slice(0, -1))
      assert.ok(hasStatus(line), `no reason is said: ${line}`)
    if (sameLines(said, expected)) return
    assert.equal(said, expected.join(''), `cut into ${JSON.stringify(this.#sizes)}`)
    assert.fail('unreachable')
  }

  /** Happens while the next question is out. */
  #meanwhile(happening: (machine: ProtocolMachine<never, never>) => void): void {
    const pump = this.#pump!
    pump.meanwhile = () => happening(pump.machine)
  }

  async #happen({ word, argument }: Extract<DialogueLine, { readonly kind: 'event' }>): Promise<void> {
    const [first = '', second = ''] = argument.split(' ')
    switch (word) {
      case 'whole':
        return
      case 'option':
        this.#options = { ...this.#options, [first]: second === '' ? true : second }
        return
      case 'limit':
        this.#options = { ...this.#options, limits: { ...this.#options.limits, [first]: Number(second) } }
        return
      case 'with':
        for (const ability of argument.split(' ')) this.#abilities.add(ability as Ability)
        return
      case 'implicit-tls':
        this.#options = { ...this.#options, tls: TLS }
        return
      case 'tls':
        assert.equal(this.#pump!.startTls, true, 'TLS is not being started')
        this.#pump!.startTls = false
        this.#pump!.machine.tlsStarted(TLS)
        return
      case 'early-octets':
        return (this.#pump ?? this.#start()).machine.receive(Buffer.from(argument))
      case 'early':
        return (this.#pump ?? this.#start()).machine.receive(Buffer.from(`${argument}\r\n`))
      case 'octets':
        return (this.#pump ?? this.#start()).machine.receive(octetsOf(`${argument}\r\n`))
      case 'silence':
        assert.equal(this.#pump!.machine.patience.waitingFor, argument)
        return this.#pump!.machine.timedOut()
      case 'lifetime':
        return assert.equal(String(this.#pump!.machine.lifetime), argument)
      case 'outlived':
        return this.#pump!.machine.outlived!()
      case 'patient': {
        const { waitingFor, milliseconds, inAll = '-' } = this.#pump!.machine.patience
        return assert.equal(`${waitingFor} ${milliseconds} ${inAll}`, argument)
      }
      case 'drain':
        return (this.#pump ?? this.#start()).machine.drain()
      case 'says':
        return this.#expect((await this.#pump!.run()).toString(), argument === '' ? [] : [`${argument}\r\n`])
      case 'meanwhile':
        return this.#meanwhile((machine) => machine.receive(Buffer.from(`${argument}\r\n`)))
      case 'meanwhile-drain':
        return this.#meanwhile((machine) => machine.drain())
      case 'meanwhile-broken':
        return this.#meanwhile((machine) => machine.disconnected())
      case 'broken':
        return this.#pump!.machine.disconnected()
      case 'paused':
        return assert.equal(this.#pump!.paused.splice(0).join(' '), argument)
      case 'turned':
        return assert.notEqual(this.#pump!.turnedTo, undefined, 'nobody else has the connection')
      case 'not-turned':
        return assert.equal(this.#pump!.turnedTo, undefined, 'the connection was turned around')
      case 'closed':
        return assert.equal(this.#pump!.closed, true, 'the connection is still open')
      case 'open':
        return assert.equal(this.#pump!.closed, false, 'the connection is closed')
      case 'told':
        return assert.deepEqual(this.#told.splice(0).join(' | '), argument)
      case 'event':
        return assert.deepEqual(this.#events.splice(0).join(' | '), argument)
      default:
        throw new Error(`unknown event ${word}`)
    }
  }
}

/** `\xfc` stands for an octet that is no text. */
function octetsOf(text: string): Buffer {
  const latin = text.replaceAll(/\\x([0-9a-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
  return Buffer.from(latin, 'latin1')
}

function describe(event: SmtpEvent): string {
  switch (event.kind) {
    case 'refused':
      return `refused ${event.verb} (${event.fault}: ${event.reason})`
    case 'bug':
      return `bug in ${event.during}: ${String(event.error)}`
    case 'message':
      return `message ${event.octets} octets, ${event.recipients} recipients, ${event.reply.code}`
    case 'authenticated':
      return `authenticated ${event.account} by ${event.mechanism}`
    case 'authenticationFailed':
      return `authenticationFailed ${event.mechanism} ${event.reason} ${event.login ?? '-'}`
    case 'closed':
      return `closed ${event.how}`
  }
}
