import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { TlsFacts } from '@cartero/wire'
import { SaslClientError, type SaslStep } from './mechanism.ts'
import { ScramClient } from './scram-client.ts'
import { deriveScramKeys } from './scram-keys.ts'
import {
  escapeName,
  parseClientFinal,
  parseClientFirst,
  parseServerFirst,
  unescapeName,
} from './scram-message.ts'
import { ScramServer, type ScramServerOptions } from './scram-server.ts'
import type { CredentialVerifier } from './verifier.ts'

// RFC 7677 §3
const CLIENT_NONCE = 'rOprNGfwEbeRWgbNEkqO'
const SERVER_NONCE = '%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0'
const SALT = Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64')
const CLIENT_FIRST = `n,,n=user,r=${CLIENT_NONCE}`
const SERVER_FIRST = `r=${CLIENT_NONCE}${SERVER_NONCE},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`
const WITHOUT_PROOF = `c=biws,r=${CLIENT_NONCE}${SERVER_NONCE}`
const CLIENT_FINAL = `${WITHOUT_PROOF},p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=`
const SERVER_FINAL = 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4='

const userKeys = await deriveScramKeys('pencil', SALT, 4096)

function knowing(...logins: string[]): CredentialVerifier {
  return {
    password: () => Promise.resolve(undefined),
    scramKeys: (login) =>
      Promise.resolve(logins.includes(login) ? { ...userKeys, account: login } : userKeys),
  }
}

function server(verifier = knowing('user')): ScramServer {
  return new ScramServer({ hash: 'SHA-256', verifier, newNonce: () => SERVER_NONCE, binding: 'none' })
}

function client(password = 'pencil'): ScramClient {
  return new ScramClient({
    hash: 'SHA-256',
    login: 'user',
    password,
    newNonce: () => CLIENT_NONCE,
    binding: { flag: 'n' },
  })
}

function text(step: SaslStep): string {
  assert.equal(step.kind, 'challenge')
  return step.bytes.toString()
}

async function outcome(...messages: string[]): Promise<SaslStep> {
  const mechanism = server()
  let step: SaslStep = { kind: 'failure', reason: 'malformed' }
  for (const message of messages) {
    step = await mechanism.next(Buffer.from(message))
    if (step.kind === 'failure') break
  }
  return step
}

async function reason(...messages: string[]): Promise<string> {
  const step = await outcome(...messages)
  return step.kind === 'failure' ? step.reason : step.kind
}

describe('SCRAM-SHA-256', () => {
  test('the server says what RFC 7677 §3 shows', async () => {
    const mechanism = server()
    assert.equal(text(await mechanism.next(Buffer.from(CLIENT_FIRST))), SERVER_FIRST)
    assert.equal(text(await mechanism.next(Buffer.from(CLIENT_FINAL))), SERVER_FINAL)
    assert.deepEqual(await mechanism.next(Buffer.alloc(0)), { kind: 'success', account: 'user' })
  })

  test('nobody can guess without its being told', async () => {
    const told: unknown[] = []
    const verifier = { ...knowing('user'), scramOutcome: (...what: unknown[]) => told.push(what) }
    const wrong = Buffer.from(`${WITHOUT_PROOF},p=${Buffer.alloc(32).toString('base64')}`)
    for (const final of [wrong, Buffer.from(CLIENT_FINAL)]) {
      const mechanism = server(verifier)
      await mechanism.next(Buffer.from(CLIENT_FIRST))
      await mechanism.next(final)
    }
    assert.deepEqual(told, [
      ['user', false],
      ['user', true],
    ])
  })

  test('the client says what RFC 7677 §3 shows', () => {
    const mechanism = client()
    assert.equal(mechanism.initial().toString(), CLIENT_FIRST)
    assert.equal(mechanism.respond(Buffer.from(SERVER_FIRST)).toString(), CLIENT_FINAL)
    assert.equal(mechanism.complete, false, 'success is not to be believed before the signature')
    assert.equal(mechanism.respond(Buffer.from(SERVER_FINAL)).length, 0)
    assert.equal(mechanism.complete, true)
  })

  test('without initial response the server asks with no octets', async () => {
    const mechanism = server()
    assert.equal(text(await mechanism.next(undefined)), '')
    assert.equal(text(await mechanism.next(Buffer.from(CLIENT_FIRST))), SERVER_FIRST)
  })

  test('a client that could bind the channel is let in, one that demands it is refused', async () => {
    assert.equal(await reason(CLIENT_FIRST.replace('n,,', 'y,,')), 'challenge')
    assert.equal(await reason(CLIENT_FIRST.replace('n,,', 'p=tls-exporter,,')), 'malformed')
  })

  test('a header changed between the messages is noticed', async () => {
    assert.equal(await reason(`y,,n=user,r=${CLIENT_NONCE}`, CLIENT_FINAL), 'credentials')
  })

  test('a proof for another nonce is refused', async () => {
    assert.equal(await reason(CLIENT_FIRST, CLIENT_FINAL.replace(SERVER_NONCE, 'x')), 'credentials')
  })

  test('a wrong password is refused', async () => {
    const wrong = client('pencils')
    wrong.initial()
    const final = wrong.respond(Buffer.from(SERVER_FIRST)).toString()
    assert.equal(await reason(CLIENT_FIRST, final), 'credentials')
  })

  test('an unknown login is not told before the proof, and never let in by the decoy keys', async () => {
    const mechanism = server(knowing())
    assert.equal(text(await mechanism.next(Buffer.from(CLIENT_FIRST))), SERVER_FIRST)
    const step = await mechanism.next(Buffer.from(CLIENT_FINAL))
    assert.deepEqual(step, { kind: 'failure', reason: 'credentials', login: 'user' })
  })

  test('nobody acts for another', async () => {
    assert.equal(await reason(`n,a=other,n=user,r=${CLIENT_NONCE}`), 'credentials')
    assert.equal(await reason(`n,a=user,n=user,r=${CLIENT_NONCE}`), 'challenge')
  })

  test('success needs the empty response, and comes once', async () => {
    assert.equal(await reason(CLIENT_FIRST, CLIENT_FINAL, 'more'), 'malformed')
    assert.equal(await reason(CLIENT_FIRST, CLIENT_FINAL, '', ''), 'malformed')
  })

  test('a finished exchange does not start over', async () => {
    const mechanism = server()
    await mechanism.next(Buffer.from('rubbish'))
    assert.equal((await mechanism.next(Buffer.from(CLIENT_FIRST))).kind, 'failure')
    assert.equal((await mechanism.next(undefined)).kind, 'failure')
  })

  test('a directory that is away is not a wrong password', async () => {
    const away = new Error('no database')
    const step = await server({
      password: () => Promise.reject(away),
      scramKeys: () => Promise.reject(away),
    }).next(Buffer.from(CLIENT_FIRST))
    assert.deepEqual(step, { kind: 'failure', reason: 'unavailable', login: 'user', cause: away })
  })
})

function refused(serverFirst: string): void {
  const mechanism = client()
  mechanism.initial()
  assert.throws(() => mechanism.respond(Buffer.from(serverFirst)), SaslClientError)
}

const SHA1_SALT = Buffer.from('QSXCR+Q6sek8bf92', 'base64')
const exporter = Buffer.alloc(32, 1)
const endPoint = Buffer.alloc(32, 2)
const tls: TlsFacts = { version: 'TLSv1.3', cipher: 'any', exporter, endPoint }

// RFC 5802 §5
test('SCRAM-SHA-1 says what RFC 5802 §5 shows, on both sides', async () => {
  const keys = await deriveScramKeys('pencil', SHA1_SALT, 4096, 'SHA-1')
  const asked: string[] = []
  const theirs = new ScramServer({
    hash: 'SHA-1',
    verifier: {
      password: () => Promise.resolve(undefined),
      scramKeys: (_login, hash) => {
        asked.push(hash)
        return Promise.resolve({ ...keys, account: 'user' })
      },
    },
    newNonce: () => '3rfcNHYJY1ZVvWVs7j',
    binding: 'none',
  })
  const mine = new ScramClient({
    hash: 'SHA-1',
    login: 'user',
    password: 'pencil',
    newNonce: () => 'fyko+d2lbbFgONRv9qkxdawL',
    binding: { flag: 'n' },
  })
  assert.equal(mine.initial().toString(), 'n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL')
  const first = text(await theirs.next(mine.initial()))
  assert.equal(first, 'r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096')
  const final = mine.respond(Buffer.from(first))
  assert.equal(
    final.toString(),
    'c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=',
  )
  assert.equal(text(await theirs.next(final)), 'v=rmF9pqV8S7suAoZWja4dJRkFsKQ=')
  mine.respond(Buffer.from('v=rmF9pqV8S7suAoZWja4dJRkFsKQ='))
  assert.equal(mine.complete, true)
  assert.deepEqual(asked, ['SHA-1'])
})

describe('SCRAM-SHA-256-PLUS', () => {
  const binding = (over: Partial<ScramServerOptions> = {}) =>
    new ScramServer({
      hash: 'SHA-256',
      verifier: knowing('user'),
      newNonce: () => SERVER_NONCE,
      binding: 'bound',
      tls,
      ...over,
    })
  const bindingClient = (type: string, bound?: Buffer) =>
    new ScramClient({
      hash: 'SHA-256',
      login: 'user',
      password: 'pencil',
      newNonce: () => CLIENT_NONCE,
      binding: { flag: 'p', type },
      bound,
    })

  async function end(server: ScramServer, mine: ScramClient): Promise<string> {
    let step = await server.next(mine.initial())
    while (step.kind === 'challenge') step = await server.next(mine.respond(step.bytes))
    return step.kind === 'failure' ? step.reason : step.kind
  }

  test('binds by the exporter and by the certificate of the server', async () => {
    assert.equal(await end(binding(), bindingClient('tls-exporter', exporter)), 'success')
    assert.equal(await end(binding(), bindingClient('tls-server-end-point', endPoint)), 'success')
  })

  test('somebody in the middle, who has another channel to us, gains nothing by the right proof', async () => {
    const other = Buffer.alloc(32, 9)
    assert.equal(await end(binding(), bindingClient('tls-exporter', other)), 'credentials')
    assert.equal(await end(binding(), bindingClient('tls-exporter', endPoint)), 'credentials')
    assert.equal(await end(binding(), bindingClient('tls-exporter')), 'credentials')
  })

  test('a type that we do not have is refused before any key is told', async () => {
    for (const type of ['tls-unique', 'toString', 'tls-server-end-point']) {
      const { endPoint: _, ...withoutEndPoint } = tls
      assert.equal(await end(binding({ tls: withoutEndPoint }), bindingClient(type, exporter)), 'malformed')
    }
    assert.equal(await end(binding({ tls: undefined }), bindingClient('tls-exporter', exporter)), 'malformed')
  })

  test('a client that does not bind cannot have it', async () => {
    for (const flag of ['n', 'y']) {
      const step = await binding().next(Buffer.from(CLIENT_FIRST.replace('n,,', `${flag},,`)))
      assert.equal(step.kind === 'failure' && step.reason, 'malformed')
    }
  })

  // RFC 5802 §6
  test('a client from which our offer was kept is not let in, one that cannot bind is', async () => {
    const declined = { binding: 'declined' } as const
    const could = await binding(declined).next(Buffer.from(CLIENT_FIRST.replace('n,,', 'y,,')))
    assert.deepEqual(could, { kind: 'failure', reason: 'credentials', login: 'user' })
    assert.equal((await binding(declined).next(Buffer.from(CLIENT_FIRST))).kind, 'challenge')
  })
})

describe('the SCRAM client and a hostile server', () => {
  test('cannot be made to count for minutes', () => refused(SERVER_FIRST.replace('i=4096', 'i=99999999')))
  test('cannot be made to count too little', () => refused(SERVER_FIRST.replace('i=4096', 'i=1')))
  test('does not take a nonce without its own', () => refused(SERVER_FIRST.replace(CLIENT_NONCE, 'x')))
  test('does not take a nonce with nothing added', () => refused(SERVER_FIRST.replace(SERVER_NONCE, '')))
  test('does not take a salt of nothing', () => refused(SERVER_FIRST.replace(/s=[^,]*/, 's=')))

  test('does not take a false signature', () => {
    const mechanism = client()
    mechanism.initial()
    mechanism.respond(Buffer.from(SERVER_FIRST))
    const wrong = `v=${Buffer.alloc(32).toString('base64')}`
    assert.throws(() => mechanism.respond(Buffer.from(wrong)), /does not know the password/)
    assert.equal(mechanism.complete, false)
  })

  test('tells the word of the server for its refusal', () => {
    const mechanism = client()
    mechanism.initial()
    mechanism.respond(Buffer.from(SERVER_FIRST))
    assert.throws(() => mechanism.respond(Buffer.from('e=invalid-proof')), /invalid-proof/)
  })
})

describe('messages of SCRAM', () => {
  const MALFORMED_FIRSTS = [
    '',
    'n',
    'n,,',
    'n,,n=user',
    'n,,r=abc,n=user',
    'n,,n=,r=abc',
    'n,,n=user,r=',
    'n,,n=user,r=with space',
    'n,,m=must,n=user,r=abc',
    'n,user,n=user,r=abc',
    'x,,n=user,r=abc',
    'p=,,n=user,r=abc',
    'n,,n=us=er,r=abc',
    'n,,n=us=2cer,r=abc',
    'n,,n=us\0er,r=abc',
    `n,,n=user,r=${'x'.repeat(5000)}`,
    `n,,n=${'x'.repeat(2000)},r=abc`,
  ]
  for (const message of MALFORMED_FIRSTS) {
    test(`client-first ${JSON.stringify(message.slice(0, 40))} is refused`, () =>
      assert.equal(parseClientFirst(Buffer.from(message)), undefined))
  }

  const MALFORMED_FINALS = [
    '',
    'c=biws',
    'c=biws,r=x',
    'r=x,c=biws,p=AA==',
    'c=b ws,r=x,p=AA==',
    'c=biws,r=x,p=A',
  ]
  for (const message of MALFORMED_FINALS) {
    test(`client-final ${JSON.stringify(message)} is refused`, () =>
      assert.equal(parseClientFinal(Buffer.from(message)), undefined))
  }

  for (const message of [
    '',
    'r=x',
    'r=x,s=AA==',
    'r=x,s=AA==,i=0',
    'r=x,s=AA==,i=-1',
    'r=x,s=AA==,i=1e9',
    'm=x,r=x,s=AA==,i=4096',
  ]) {
    test(`server-first ${JSON.stringify(message)} is refused`, () =>
      assert.equal(parseServerFirst(Buffer.from(message)), undefined))
  }

  test('comma and equals sign of a name survive', () => {
    assert.equal(escapeName('a,b=c'), 'a=2Cb=3Dc')
    const first = parseClientFirst(Buffer.from('n,a=a=2Cb,n=a=2Cb=3Dc,r=abc,x=ignored'))
    assert.equal(first?.username, 'a,b=c')
    assert.equal(first?.authzid, 'a,b')
    assert.equal(first?.bare, 'n=a=2Cb=3Dc,r=abc,x=ignored')
  })

  test('=3D2C is an equals sign and 2C, not a comma', () => assert.equal(unescapeName('=3D2C'), '=2C'))

  test('every name comes back', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 50 }), (name) => {
        assert.equal(unescapeName(escapeName(name)), name)
      }),
    )
  })

  test('no octets make a parser throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (octets) => {
        parseClientFirst(Buffer.from(octets))
        parseClientFinal(Buffer.from(octets))
        parseServerFirst(Buffer.from(octets))
      }),
    )
  })
})
