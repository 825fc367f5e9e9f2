import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { SqlError, type SqlFault } from '../error.ts'
import { isParting, isPassing, postgresError } from './fault.ts'

const told = (code: string, message = 'words'): SqlError =>
  postgresError(Object.assign(new Error(message), { code })) as SqlError

describe('a fault of Postgres', () => {
  test('is told as whose it is', () => {
    const faults: readonly (readonly [code: string, fault: SqlFault])[] = [
      ['53100', 'full'], // disk_full
      ['53200', 'busy'], // out_of_memory
      ['53300', 'busy'], // too_many_connections
      ['40001', 'busy'], // serialization_failure
      ['40P01', 'busy'], // deadlock_detected
      ['55P03', 'busy'], // lock_not_available
      ['57014', 'busy'], // query_canceled
      ['57P01', 'busy'], // admin_shutdown
      ['57P03', 'busy'], // cannot_connect_now
      ['08006', 'busy'], // connection_failure
      ['25006', 'busy'], // read_only_sql_transaction
      ['ECONNREFUSED', 'busy'],
      ['EPIPE', 'busy'],
      ['28P01', 'io'], // invalid_password
      ['3D000', 'io'], // invalid_catalog_name
      ['58030', 'io'], // io_error
      ['XX001', 'io'], // data_corrupted
      ['23505', 'constraint'], // unique_violation
      ['42P01', 'bug'], // undefined_table
      ['22021', 'bug'], // character_not_in_repertoire
    ]
    assert.deepEqual(
      faults.map(([code]) => [code, told(code).fault]),
      faults,
    )
  })

  test('that comes from our own code stays what it is', () => {
    for (const error of [new TypeError('own'), new RangeError('own'), new SqlError('full', 'own'), 'own'])
      assert.equal(postgresError(error), error)
  })

  test('of several addresses of a host is told with all of them', () => {
    const error = new AggregateError([new Error('refused ::1'), new Error('refused 127.0.0.1')])
    assert.match((postgresError(error) as Error).message, /refused ::1.*refused 127/)
  })

  test('ends the connection when nothing can be asked on it any more, and only then', () => {
    for (const code of ['57P01', '08006', 'ECONNRESET', '25006', '25P03'])
      assert.ok(isParting(told(code)), code)
    for (const code of ['23505', '40001', '57014', '53100']) assert.ok(!isParting(told(code)), code)
  })

  test('passes when the transaction is made again, if another one was in its way', () => {
    for (const code of ['40001', '40P01']) assert.ok(isPassing(told(code)), code)
    assert.ok(isPassing(told('0A000', 'cached plan must not change result type')))
    for (const code of ['0A000', '23505', '57014', '53100', 'ECONNRESET'])
      assert.ok(!isPassing(told(code)), code)
  })
})
