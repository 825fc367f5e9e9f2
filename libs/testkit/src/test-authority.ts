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
  /** Nothing but the issuer's name tells who it is. */
  readonly lacksKeyIdentifiers?: boolean
}

const CURVE = '-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes'

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
      openssl(folder, `req -x509 ${CURVE} -keyout own.key -out own.pem -days 3650 -subj`, `/CN=${name}`)
      return identityIn(folder)
    })
    return new TestAuthority(own, '')
  }

  /** Issues with what was not made for it. */
  static misusing(identity: TestIdentity): TestAuthority {
    return new TestAuthority(identity, identity.certificate)
  }

  /** One below this, which is shown with what it issues. */
  intermediate(name = 'Test intermediate'): TestAuthority {
    const extensions = 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign'
    const own = this.#sign(`/CN=${name}`, extensions, 3650)
    return new TestAuthority(own, own.certificate + this.#chain)
  }

  issue(options: IssueOptions = {}): TestIdentity {
    const { names = [], commonName = 'test', days = 3650, lacksKeyIdentifiers = false } = options
    const alternatives = names.map((name) => (/^[\d.]+$|:/.test(name) ? `IP:${name}` : `DNS:${name}`))
    const extensions = [
      'basicConstraints=CA:FALSE',
      ...(lacksKeyIdentifiers ? ['subjectKeyIdentifier=none', 'authorityKeyIdentifier=none'] : []),
      ...(names.length > 0 ? [`subjectAltName=${alternatives.join(',')}`] : []),
    ]
    const own = this.#sign(`/CN=${commonName}`, extensions.join('\n'), days)
    return { certificate: own.certificate + this.#chain, key: own.key }
  }

  #sign(subject: string, extensions: string, days: number): TestIdentity {
    return inFolder((folder) => {
      writeFileSync(join(folder, 'issuer.pem'), this.certificate)
      writeFileSync(join(folder, 'issuer.key'), this.#key)
      writeFileSync(join(folder, 'own.ext'), extensions)
      openssl(folder, `req -new ${CURVE} -keyout own.key -out own.csr -subj`, subject)
      const issuer = '-CA issuer.pem -CAkey issuer.key'
      openssl(folder, `x509 -req -in own.csr ${issuer} -extfile own.ext -days ${days} -out own.pem`)
      return identityIn(folder)
    })
  }
}

function identityIn(folder: string): TestIdentity {
  const read = (name: string): string => readFileSync(join(folder, name), 'utf8')
  return { certificate: read('own.pem'), key: read('own.key') }
}

function openssl(cwd: string, words: string, ...last: readonly string[]): void {
  execFileSync('openssl', [...words.split(' '), ...last], { cwd, stdio: ['ignore', 'ignore', 'pipe'] })
}

function inFolder<T>(work: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'cartero-authority-'))
  try {
    return work(folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}
