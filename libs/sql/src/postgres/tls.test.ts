import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'

import { POSTGRES_LACKS, PostgresServer, TestAuthority, type TestIdentity } from '@cartero/testkit'

import { Postgres, SqlError, statement, type PostgresTls } from './index.ts'

const SAFE = statement('SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()')

describe('a Postgres over TLS', { skip: POSTGRES_LACKS }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'cartero-sql-tls-'))
  let server: PostgresServer
  let files: Required<PostgresTls>
  let stranger: string

  before(async () => {
    const authority = TestAuthority.root()
    const identity = authority.issue({ names: ['localhost', '127.0.0.1'] })
    server = await PostgresServer.start({ tls: { ...identity, clients: authority.certificate } })
    const own = authority.issue({ commonName: 'cartero' })
    files = { authorityFile: keep('ca.pem', authority.certificate), ...keepIdentity(own) }
    stranger = keep('stranger.pem', TestAuthority.root('Stranger').certificate)
  })
  after(async () => {
    await server[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true })
  })

  function keep(name: string, text: string): string {
    writeFileSync(join(folder, name), text)
    return join(folder, name)
  }

  const keepIdentity = ({ certificate, key }: TestIdentity) => ({
    certificateFile: keep('own.pem', certificate),
    keyFile: keep('own.key', key),
  })

  async function ask(tls: PostgresTls, url = server.url): Promise<unknown> {
    const database = new Postgres({ url, schema: 'public', tls })
    try {
      return await database.rows(SAFE)
    } finally {
      await database.close()
    }
  }

  const refused = (words: RegExp) => (error: unknown) =>
    error instanceof SqlError && words.test(error.message)

  test('verifies the server’s name and proves who it is itself', async () => {
    assert.deepEqual(await ask(files), [{ ssl: true }])
    assert.deepEqual(await ask(files, server.url.replace('127.0.0.1', 'localhost')), [{ ssl: true }])
    const { authorityFile, certificateFile, keyFile } = files
    const query = `sslmode=verify-full&sslrootcert=${authorityFile}&sslcert=${certificateFile}&sslkey=${keyFile}`
    assert.deepEqual(await ask({}, `${server.url}?${query}`), [{ ssl: true }])
  })

  test('speaks to nobody who is vouched for by a stranger, or has another name', async () => {
    await assert.rejects(ask({ ...files, authorityFile: stranger }), refused(/self-signed|unable to verify/))
    await assert.rejects(
      ask(files, server.url.replace('127.0.0.1', '127.0.0.2')),
      refused(/refused|IP|altnames/i),
    )
  })

  test('asks an authority that is named, also where only TLS is required', async () => {
    const own = `sslcert=${files.certificateFile}&sslkey=${files.keyFile}`
    const required = (authority: string) => `${server.url}?sslmode=require&sslrootcert=${authority}&${own}`
    await assert.rejects(ask({}, required(stranger)), refused(/self-signed|unable to verify/))
    assert.deepEqual(await ask({}, required(files.authorityFile)), [{ ssl: true }])
    assert.deepEqual(await ask({}, `${server.url}?sslmode=require&${own}`), [{ ssl: true }])
  })

  test('is refused without a certificate, and without TLS', async () => {
    const { authorityFile } = files
    await assert.rejects(ask({ authorityFile }), refused(/certificate/))
    await assert.rejects(ask({}), refused(/no pg_hba.conf entry|no encryption/))
  })

  test('says which file cannot be read', async () => {
    await assert.rejects(ask({ ...files, keyFile: '/nowhere.key' }), refused(/\/nowhere.key cannot be read/))
  })
})

describe('a Postgres with a password', { skip: POSTGRES_LACKS }, () => {
  test('is opened by it, and tells it nobody', async () => {
    await using server = await PostgresServer.start({ password: 'opensesame' })
    const open = async (password: string) => {
      const database = new Postgres({ url: server.url, password, schema: 'public' })
      try {
        await database.rows(SAFE)
      } finally {
        await database.close()
      }
    }
    await open('opensesame')
    await assert.rejects(
      open('hunter2'),
      (error: SqlError) =>
        error.fault === 'io' && !`${error.stack}${String(error.cause)}`.includes('hunter2'),
    )
  })
})
