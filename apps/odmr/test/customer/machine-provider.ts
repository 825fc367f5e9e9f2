import {
  cramMd5Digest,
  deriveScramKeys,
  mechanismNamed,
  offeredMechanisms,
  sameOctets,
  type CredentialVerifier,
  type SaslServerContext,
  type SaslServerMechanism,
} from '@cartero/sasl'
import {
  parseForwardPath,
  parseReversePath,
  serveErrand,
  SmtpClientMachine,
  type OutgoingTransaction,
  type SmtpErrand,
} from '@cartero/smtp/client'
import {
  replies,
  serveSession,
  SmtpServerMachine,
  type Reversal,
  type ServedSession,
  type SmtpServerOptions,
  type Verdict,
} from '@cartero/smtp/server'
import { systemClock, type ConnectionFacts, type TlsFacts } from '@cartero/wire'
import { Listener, TlsServer } from '@cartero/wire/node'
import { CERTIFICATE, KEY } from '@cartero/testkit'
import { LETTER, PASSWORD } from './scripted-provider.ts'

export interface MachineProviderOptions {
  readonly mechanisms: readonly string[]
  readonly implicitTls?: boolean
  readonly allowPlaintextAuth?: boolean
  readonly identity?: { readonly certificate: string; readonly key: string }
  readonly letters?: number
}

/** A provider of the machines that we have: it means what it says. */
export class MachineProvider implements AsyncDisposable {
  /** By what customers proved who they are. */
  readonly logins: string[] = []
  /** What became of the letters. */
  readonly kinds: string[] = []
  readonly #options: MachineProviderOptions
  readonly #listener: Listener

  private constructor(options: MachineProviderOptions) {
    this.#options = options
    this.#listener = new Listener({
      host: '127.0.0.1',
      port: 0,
      clock: systemClock,
      implicitTls: options.implicitTls === true,
      tls: new TlsServer(options.identity ?? { certificate: CERTIFICATE, key: KEY }),
      accept: (connection) => this.#role(connection),
    })
  }

  static async start(options: MachineProviderOptions): Promise<MachineProvider> {
    const made = new MachineProvider(options)
    await made.#listener.listen()
    return made
  }

  get port(): number {
    return this.#listener.port
  }

  #role(connection: ConnectionFacts): ReturnType<ConstructorParameters<typeof Listener>[0]['accept']> {
    const { implicitTls, allowPlaintextAuth } = this.#options
    const session = new Session(connection, this, this.#options)
    const server: SmtpServerOptions = {
      hostname: 'edge.test',
      protocol: 'odmr',
      startTls: implicitTls !== true,
      allowPlaintextAuth: allowPlaintextAuth === true,
      ...(connection.tls && { tls: connection.tls }),
    }
    return { machine: new SmtpServerMachine(session, server), decide: serveSession(session) }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#listener.drain(AbortSignal.abort())
  }
}

class Session implements ServedSession {
  readonly #provider: MachineProvider
  readonly #options: MachineProviderOptions
  #tls: TlsFacts | undefined

  constructor(connection: ConnectionFacts, provider: MachineProvider, options: MachineProviderOptions) {
    this.#provider = provider
    this.#options = options
    this.#tls = connection.tls
  }

  tlsStarted(tls: TlsFacts): void {
    this.#tls = tls
  }

  mechanisms(tls: TlsFacts | undefined): readonly string[] {
    return offeredMechanisms(this.#context(tls)).map(({ name }) => name)
  }

  start(mechanism: string): SaslServerMechanism {
    return mechanismNamed(mechanism)!.create(this.#context(this.#tls))
  }

  authenticated(_account: string, mechanism: string): Verdict {
    this.#provider.logins.push(mechanism)
    return undefined
  }

  turn(): Reversal {
    const errand = new Letters(this.#options.letters ?? 1, this.#provider.kinds)
    const machine = new SmtpClientMachine(errand, {
      hostname: 'edge.test',
      ...(this.#tls && { tls: this.#tls }),
    })
    return { reply: replies.turning, role: { machine, decide: serveErrand(errand) } }
  }

  mail(): Verdict {
    return replies.notImplemented
  }

  rcpt(): Verdict {
    return replies.notImplemented
  }

  data(): Verdict {
    return replies.notImplemented
  }

  body(): void {}

  endOfData(): typeof replies.notImplemented {
    return replies.notImplemented
  }

  reset(): void {}

  #context(tls: TlsFacts | undefined): SaslServerContext {
    const { mechanisms, allowPlaintextAuth } = this.#options
    return {
      verifier: VERIFIER,
      tls,
      inTheClear: allowPlaintextAuth === true,
      switchedOn: new Set(mechanisms),
      hostname: 'edge.test',
    }
  }
}

const SALT = Buffer.from('0123456789abcdef')
const ACCOUNT = 'fetch@edge.test'

const VERIFIER: CredentialVerifier = {
  password: async (login, password) => (login === ACCOUNT && password === PASSWORD ? ACCOUNT : undefined),
  scramHashes: ['SHA-256', 'SHA-1'],
  scramKeys: async (_login, hash) => ({
    ...(await deriveScramKeys(PASSWORD, SALT, 4096, hash)),
    account: ACCOUNT,
  }),
  cramMd5: async (login, challenge, digest) => {
    const isRight = sameOctets(Buffer.from(digest), Buffer.from(cramMd5Digest(PASSWORD, challenge)))
    return login === ACCOUNT && isRight ? ACCOUNT : undefined
  },
}

/** Letters to alice. */
class Letters implements SmtpErrand {
  readonly #kinds: string[]
  #left: number

  constructor(count: number, kinds: string[]) {
    this.#left = count
    this.#kinds = kinds
  }

  next(): OutgoingTransaction | undefined {
    if (this.#left-- <= 0) return undefined
    return {
      reversePath: parseReversePath('bob@elsewhere.test')!,
      recipients: [{ path: parseForwardPath('alice@home.test')! }],
      content: Buffer.from(LETTER),
    }
  }

  settled(_transaction: OutgoingTransaction, outcomes: readonly { readonly kind: string }[]): void {
    this.#kinds.push(...outcomes.map(({ kind }) => kind))
  }
}
