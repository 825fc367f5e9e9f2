import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A certificate with those of its issuers that it is shown with, and its key; all in PEM. */
export interface TestIdentity {
  readonly certificate: string
  readonly key: string
}

export interface IssueOptions {
  /** DNS names and addresses that it bears. */
  readonly names?: readonly string[]
  readonly commonName?: string
  /** From now on; negative for one that has expired. */
  readonly days?: number
}

const CURVE = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']

/** Makes certificates while a test runs, with `openssl`. Nobody's secrets: nothing of it is kept. */
export class TestAuthority {
  /** Its certificate. */
  readonly certificate: string
  readonly #key: string
  readonly #chain: string

  private constructor(own: TestIdentity, chain: string) {
    this.certificate = own.certificate
    this.#key = own.key
    this.#chain = chain
  }

  /** One that vouches for itself. */
  static root(name = 'Test root'): TestAuthority {
    const own = inFolder((folder) => {
      const file = join(folder, 'own')
      openssl(['req', '-x509', ...CURVE, '-subj', `/CN=${name}`, ...out(file), '-days', '3650'])
      return identityIn(file)
    })
    return new TestAuthority(own, '')
  }

  /** One below this, which is shown with what it issues. */
  intermediate(name = 'Test intermediate'): TestAuthority {
    const extensions = 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign'
    const own = this.#sign(`/CN=${name}`, extensions, 3650)
    return new TestAuthority(own, own.certificate + this.#chain)
  }

  issue({ names = [], commonName = 'test', days = 3650 }: IssueOptions = {}): TestIdentity {
    const alternatives = names.map((name) => (/^[\d.]+$|:/.test(name) ? `IP:${name}` : `DNS:${name}`))
    const extensions = [
      'basicConstraints=CA:FALSE',
      ...(names.length > 0 ? [`subjectAltName=${alternatives.join(',')}`] : []),
    ]
    const own = this.#sign(`/CN=${commonName}`, extensions.join('\n'), days)
    return { certificate: own.certificate + this.#chain, key: own.key }
  }

  #sign(subject: string, extensions: string, days: number): TestIdentity {
    return inFolder((folder) => {
      const file = join(folder, 'own')
      const issuer = join(folder, 'issuer')
      writeFileSync(`${issuer}.pem`, this.certificate)
      writeFileSync(`${issuer}.key`, this.#key)
      writeFileSync(`${file}.ext`, extensions)
      openssl(['req', '-new', ...CURVE, '-subj', subject, '-keyout', `${file}.key`, '-out', `${file}.csr`])
      openssl([
        ...['x509', '-req', '-in', `${file}.csr`, '-CA', `${issuer}.pem`, '-CAkey', `${issuer}.key`],
        ...['-extfile', `${file}.ext`, '-days', String(days), '-out', `${file}.pem`],
      ])
      return identityIn(file)
    })
  }
}

function out(file: string): readonly string[] {
  return ['-keyout', `${file}.key`, '-out', `${file}.pem`]
}

function identityIn(file: string): TestIdentity {
  return { certificate: readFileSync(`${file}.pem`, 'utf8'), key: readFileSync(`${file}.key`, 'utf8') }
}

function openssl(words: readonly string[]): void {
  execFileSync('openssl', words, { stdio: ['ignore', 'ignore', 'pipe'] })
}

function inFolder<T>(work: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'cartero-authority-'))
  try {
    return work(folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}
