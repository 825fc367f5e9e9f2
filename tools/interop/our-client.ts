import {
  parseForwardPath,
  parseReversePath,
  serveErrand,
  SmtpClientMachine,
  type ChooseMechanism,
  type ClientEnding,
  type Content,
  type OutgoingRecipient,
  type OutgoingTransaction,
  type PeerFacts,
  type RecipientOutcome,
  type SmtpClientOptions,
  type SmtpClientQuestion,
  type SmtpErrand,
} from '@cartero/smtp/client'
import { mechanismNamed } from '@cartero/sasl'
import { systemClock, type Bytes, type Output } from '@cartero/wire'
import { dial, type TlsClientOptions } from '@cartero/wire/node'

export interface SendOptions extends Partial<SmtpClientOptions> {
  /** How the handshake goes; certificates of peers are self-signed and accepted unless it is said here. */
  readonly handshake?: TlsClientOptions
  readonly implicitTls?: boolean
  /** 127.0.0.1 unless it is said here. */
  readonly host?: string
  /** Of this machine's addresses, the one to call from. */
  readonly localAddress?: string
  /** Letters are said behind others that are not settled yet. */
  readonly ahead?: boolean
}

export interface Sent {
  /** One list for each letter, with one outcome for each recipient. */
  readonly outcomes: readonly (readonly RecipientOutcome[])[]
  readonly ending: ClientEnding
  /** The server as it was when it was first given a letter. */
  readonly peer?: PeerFacts
  readonly error?: Error
  /** Verbs, in the order in which they were said. */
  readonly verbs: readonly string[]
}

type Letter = Partial<Omit<OutgoingTransaction, 'recipients' | 'reversePath' | 'content'>> & {
  readonly from?: string
  /** Addresses, or recipients with their parameters. */
  readonly to: readonly (string | OutgoingRecipient)[]
  readonly content: Content
}

const COMMAND = /^(?:EHLO|LHLO|STARTTLS|AUTH|MAIL|RCPT|DATA|BDAT|RSET|QUIT)\b/

/** Our client, and what it is heard to say. */
class Overheard extends SmtpClientMachine {
  readonly verbs: string[] = []

  override next(): Output<SmtpClientQuestion> | undefined {
    const output = super.next()
    if (output?.kind === 'send') this.#hear(output.bytes)
    return output?.kind === 'stream' ? { kind: 'stream', source: this.#overhear(output.source) } : output
  }

  async *#overhear(source: AsyncIterable<Bytes>): AsyncIterable<Bytes> {
    const isMessage = this.verbs.at(-1) === 'DATA'
    for await (const bytes of source) {
      if (!isMessage) this.#hear(bytes)
      yield bytes
    }
  }

  #hear(bytes: Bytes): void {
    const verb = COMMAND.exec(Buffer.from(bytes.subarray(0, 10)).toString('latin1'))
    if (verb !== null) this.verbs.push(verb[0])
  }
}

/** A letter from `sender@peer.test`, unless it is said here. */
export function letter({ from = 'sender@peer.test', to, content, ...more }: Letter): OutgoingTransaction {
  return {
    reversePath: parseReversePath(from)!,
    recipients: to.map((each) => (typeof each === 'string' ? { path: parseForwardPath(each)! } : each)),
    content,
    ...(Buffer.isBuffer(content) && { size: content.length }),
    ...more,
  }
}

/** An errand with a list of letters, which keeps what it is told. */
class Errand implements SmtpErrand {
  readonly outcomes = new Map<OutgoingTransaction, readonly RecipientOutcome[]>()
  readonly more: NonNullable<SmtpErrand['more']>
  peer: PeerFacts | undefined
  ending: ClientEnding | undefined
  readonly #waiting: OutgoingTransaction[]

  constructor(letters: readonly OutgoingTransaction[], ahead: boolean) {
    this.#waiting = [...letters]
    this.more = () => (ahead ? this.#waiting.shift() : undefined)
  }

  next(peer: PeerFacts): OutgoingTransaction | undefined {
    this.peer ??= peer
    return this.#waiting.shift()
  }

  settled(transaction: OutgoingTransaction, outcomes: readonly RecipientOutcome[]): void {
    this.outcomes.set(transaction, outcomes)
  }

  closed(how: ClientEnding): void {
    this.ending = how
  }
}

/** Our client machine over a real connection to this machine, until it is over. */
export async function send(
  port: number,
  letters: readonly OutgoingTransaction[],
  {
    handshake,
    implicitTls = false,
    host = '127.0.0.1',
    localAddress,
    ahead = false,
    ...options
  }: SendOptions = {},
): Promise<Sent> {
  const errand = new Errand(letters, ahead)
  let verbs: readonly string[] = []
  const error = await dial({
    host,
    port,
    clock: systemClock,
    implicitTls,
    ...(localAddress !== undefined && { localAddress }),
    tls: { unverified: 'accept', ...handshake },
    signal: AbortSignal.timeout(30_000),
    role: ({ tls }) => {
      const machine = new Overheard(errand, { hostname: 'client.test', ...(tls && { tls }), ...options })
      verbs = machine.verbs
      return { machine, decide: serveErrand(errand) }
    },
  })
  const { outcomes, peer, ending } = errand
  return {
    outcomes: letters.map((each) => outcomes.get(each) ?? []),
    ending: ending!,
    verbs,
    ...(peer && { peer }),
    ...(error && { error }),
  }
}

/** Logs in by that mechanism and by no other. */
export function by(name: string, { user, password }: { user: string; password: string }): ChooseMechanism {
  return (offered, tls) =>
    offered.includes(name)
      ? { name, exchange: mechanismNamed(name)!.connect({ login: user, password, tls, inTheClear: true }) }
      : undefined
}
