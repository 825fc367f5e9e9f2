import { createHmac, randomBytes } from 'node:crypto'
import {
  defaultMechanisms,
  mechanismNamed,
  offeredMechanisms,
  type SaslServerContext,
  type SaslServerMechanism,
  type SaslStep,
  type TokenAdvice,
} from '@cartero/sasl'
import { systemClock, type MaybePromise, type TlsFacts } from '@cartero/wire'
import type { DoorVerifier } from '../credential-verifier.ts'
import { DirectoryError } from '../directory-error.ts'
import { AddressBans } from './address-bans.ts'

export interface DoorkeeperOptions {
  /** Who knows the credentials, as he answers to one peer: whom it was that asked decides who has to wait. */
  readonly verifier: (peer: string) => DoorVerifier
  /** Shared by all doors of a process. */
  readonly bans?: AddressBans
  /** Names of the mechanisms that the operator switched on; the usual ones when absent. */
  readonly switchedOn?: ReadonlySet<string>
  readonly tokenAdvice?: TokenAdvice
  readonly hostname?: string
}

/** A connection over which somebody wants to prove who he is. */
export interface Visit {
  /** Where the peer is, as far as it is known: what a trusted proxy said counts. */
  readonly remoteAddress: string
  /** Present under TLS. */
  readonly tls?: TlsFacts | undefined
  /** Passwords may cross without TLS: on loopback, by choice. */
  readonly inTheClear?: boolean
  /**
   * At a door where CRAM-MD5 is never a matter of what is switched on: it is on offer under TLS, for accounts whose secret can be
   * read again. `clear`: without TLS, too, where it is then the only mechanism, for accounts that may use it so.
   */
  readonly cramMd5?: 'tls' | 'clear'
}

const CRAM_MD5 = 'CRAM-MD5'
const ONLY_CRAM_MD5: ReadonlySet<string> = new Set([CRAM_MD5])

/**
 * Who may come in, by which proof, and who is turned away: the same at every door where our users log in. Protocols
 * carry what it says and decide nothing of it.
 */
export class Doorkeeper {
  readonly #options: DoorkeeperOptions
  readonly #bans: AddressBans

  constructor(options: DoorkeeperOptions) {
    this.#options = options
    this.#bans = options.bans ?? new AddressBans(systemClock)
  }

  /** False for a peer that has guessed too often: it is to be turned away as soon as it connects. */
  admits(remoteAddress: string): boolean {
    return this.#bans.admits(remoteAddress)
  }

  /** Names of the mechanisms on offer, in upper case, best first. */
  mechanisms(visit: Visit): readonly string[] {
    return offeredMechanisms(this.#context(visit)).map(({ name }) => name)
  }

  /** Begins an exchange by one of the mechanisms that are on offer. */
  start(mechanism: string, visit: Visit): SaslServerMechanism {
    const exchange = mechanismNamed(mechanism)!.create(this.#context(visit))
    return new WatchedExchange(exchange, this.#bans, visit.remoteAddress)
  }

  #context(visit: Visit): SaslServerContext {
    const { tokenAdvice, hostname } = this.#options
    const { tls, inTheClear = false } = visit
    return {
      verifier: this.#verifier(visit),
      tls,
      inTheClear,
      switchedOn: this.#switchedOn(visit),
      tokenAdvice,
      ...(hostname !== undefined && { hostname }),
    }
  }

  #verifier({ remoteAddress, tls, cramMd5 }: Visit): DoorVerifier {
    const verifier = this.#options.verifier(remoteAddress)
    if (tls !== undefined || cramMd5 !== 'clear') return verifier
    const inTheClear = { ...verifier }
    delete inTheClear.cramMd5
    if (verifier.cramMd5InTheClear) inTheClear.cramMd5 = verifier.cramMd5InTheClear
    return inTheClear
  }

  // RFC 2645 §5.1
  #switchedOn({ tls, cramMd5 }: Visit): ReadonlySet<string> | undefined {
    const { switchedOn } = this.#options
    if (cramMd5 === undefined) return switchedOn
    if (tls === undefined && cramMd5 === 'clear') return ONLY_CRAM_MD5
    const names = switchedOn ?? new Set(defaultMechanisms)
    return tls === undefined ? names.difference(ONLY_CRAM_MD5) : names.union(ONLY_CRAM_MD5)
  }
}

/** Dies with the process: what was guessed cannot be read back from what is kept of it. */
const GUESS_KEY = randomBytes(32)

/**
 * An exchange of which the bans hear the end. Of a banned peer nothing is verified, so that it costs no hash; and what was being
 * verified when it was banned is not told, so that guesses made all at once are no more than guesses made one by one.
 */
class WatchedExchange implements SaslServerMechanism {
  readonly #exchange: SaslServerMechanism
  readonly #bans: AddressBans
  readonly #address: string
  readonly #said = createHmac('sha256', GUESS_KEY)

  constructor(exchange: SaslServerMechanism, bans: AddressBans, address: string) {
    this.#exchange = exchange
    this.#bans = bans
    this.#address = address
  }

  next(response: Buffer | undefined): MaybePromise<SaslStep> {
    if (this.#isBanned) return banned()
    if (response !== undefined) this.#said.update(`${response.length}\0`).update(response)
    const step = this.#exchange.next(response)
    return step instanceof Promise ? step.then((late) => this.#watch(late)) : this.#watch(step)
  }

  get #isBanned(): boolean {
    return !this.#bans.admits(this.#address)
  }

  #watch(step: SaslStep): SaslStep {
    if (this.#isBanned) return banned()
    if (step.kind === 'success') this.#bans.succeeded(this.#address, keyOf(step.account))
    else if (step.kind === 'failure' && step.reason === 'credentials') {
      const proof = this.#said.digest('base64')
      this.#bans.failed(this.#address, { login: keyOf(step.login ?? ''), proof })
    }
    return step
  }
}

/** A login in a form that is short whatever was claimed, and the same for the account that it leads to. */
function keyOf(login: string): string {
  return createHmac('sha256', GUESS_KEY).update(login.toLowerCase()).digest('base64')
}

function banned(): SaslStep {
  const cause = new DirectoryError('busy', 'the address is banned for guessing: see `cartero ban list`')
  return { kind: 'failure', reason: 'unavailable', cause }
}
