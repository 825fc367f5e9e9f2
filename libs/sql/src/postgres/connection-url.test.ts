import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { parseConnectionUrl } from './connection-url.ts'

describe('the URL of a Postgres', () => {
  test('names one host, or several, each with its port', () => {
    const hostsOf = (url: string) => parseConnectionUrl(url).hosts.map(({ host, port }) => `${host} ${port}`)
    assert.deepEqual(hostsOf('postgres://db'), ['db 5432'])
    assert.deepEqual(hostsOf('postgresql://u@a:1,b,[::1]:3/d'), ['a 1', 'b 5432', '::1 3'])
    assert.deepEqual(hostsOf('postgres://localhost/d?host=%2Frun%2Fpg&port=7'), ['/run/pg 7'])
    assert.deepEqual(hostsOf('postgres:///d?host=a,b&port=1,2'), ['a 1', 'b 2'])
    assert.deepEqual(hostsOf('postgres:///d'), ['localhost 5432'])
  })

  test('has everything else', () => {
    const url =
      'postgres://us%40er:p%3Ass@db/main?sslmode=verify-full&sslrootcert=/ca.pem&sslcert=/c.pem&sslkey=/k.pem'
    assert.deepEqual(parseConnectionUrl(url), {
      hosts: [{ host: 'db', port: 5432 }],
      database: 'main',
      user: 'us@er',
      password: 'p:ss',
      tlsMode: 'verify-full',
      authorityFile: '/ca.pem',
      certificateFile: '/c.pem',
      keyFile: '/k.pem',
      mustWrite: false,
    })
  })

  test('asks for the host that writes when there are several, or when it says so', () => {
    assert.equal(parseConnectionUrl('postgres://a,b/d').mustWrite, true)
    assert.equal(parseConnectionUrl('postgres://a,b/d?target_session_attrs=any').mustWrite, false)
    assert.equal(parseConnectionUrl('postgres://a/d?target_session_attrs=read-write').mustWrite, true)
  })

  test('that is none is told without the password in it', () => {
    for (const rest of [
      '@db:0/d',
      '@db:x/d',
      '@db/d?sslmode=prefer',
      '@db/d?no=1',
      '@db/d?target_session_attrs=standby',
      '@%zz/d',
      ' @db/d#x',
    ]) {
      assert.throws(
        () => parseConnectionUrl(`postgres://u:hunter2${rest}`),
        (error: Error) =>
          error.message.startsWith('the URL of Postgres has') || /is not like/.test(error.message),
        rest,
      )
      assert.throws(
        () => parseConnectionUrl(`postgres://u:hunter2${rest}`),
        (error: Error) => !`${error.stack}`.includes('hunter2'),
      )
    }
  })
})
