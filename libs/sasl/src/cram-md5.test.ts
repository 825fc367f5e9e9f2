import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { cramMd5, CramMd5Client, CramMd5Server, cramMd5Digest } from './cram-md5.ts'
import { SaslClientError } from './mechanism.ts'

// RFC 2195 §2
const CHALLENGE = '<1896.697170952@postoffice.reston.mci.net>'
const SECRET = 'tanstaaftanstaaf'
const ANSWER = 'tim b913a602c7eda7a495b4e6e7334d3890'

function server(check = right): CramMd5Server {
  return new CramMd5Server(CHALLENGE, check)
}

async function right(login: string, challenge: string, digest: string): Promise<string | undefined> {
  return login === 'tim' && digest === cramMd5Digest(SECRET, challenge) ? 'tim@example.org' : undefined
}

describe('CRAM-MD5', () => {
  test('says what RFC 2195 §2 shows, on both sides', async () => {
    const theirs = server()
    assert.deepEqual(theirs.next(undefined), { kind: 'challenge', bytes: Buffer.from(CHALLENGE) })
    const client = new CramMd5Client('tim', SECRET)
    assert.equal(client.complete, false)
    assert.equal(client.respond(Buffer.from(CHALLENGE)).toString(), ANSWER)
    assert.deepEqual(await theirs.next(Buffer.from(ANSWER)), { kind: 'success', account: 'tim@example.org' })
    assert.throws(() => client.respond(Buffer.from(CHALLENGE)), SaslClientError)
  })

  test('a wrong digest is refused, and an answer counts once', async () => {
    const theirs = server()
    await theirs.next(undefined)
    const wrong = await theirs.next(Buffer.from(`tim ${'0'.repeat(32)}`))
    assert.deepEqual(wrong, { kind: 'failure', reason: 'credentials', login: 'tim' })
    assert.equal((await theirs.next(Buffer.from(ANSWER))).kind, 'failure')
  })

  test('the server begins: an initial response is malformed', async () => {
    assert.deepEqual(await server().next(Buffer.from(ANSWER)), { kind: 'failure', reason: 'malformed' })
  })

  for (const answer of [
    '',
    'tim',
    'tim ',
    ' b913',
    'tim b913',
    `tim ${'G'.repeat(32)}`,
    `\0 ${'0'.repeat(32)}`,
  ]) {
    test(`${JSON.stringify(answer)} is malformed, and nobody is asked`, async () => {
      const theirs = server(() => Promise.reject(new Error('was asked')))
      await theirs.next(undefined)
      assert.deepEqual(await theirs.next(Buffer.from(answer)), { kind: 'failure', reason: 'malformed' })
    })
  }

  test('a name may have spaces', async () => {
    const theirs = server(async (login) => login)
    await theirs.next(undefined)
    const step = await theirs.next(Buffer.from(`a b ${'0'.repeat(32)}`))
    assert.deepEqual(step, { kind: 'success', account: 'a b' })
  })

  test('a challenge is a message identifier of this host', () => {
    const verifier = { password: async () => undefined, scramKeys: () => Promise.reject(), cramMd5: right }
    const step = cramMd5.create({ verifier, hostname: 'mail.example' }).next(undefined)
    assert.ok(!(step instanceof Promise) && step.kind === 'challenge')
    assert.match(step.bytes.toString(), /^<[A-Za-z0-9+/]{24}@mail\.example>$/)
  })
})
