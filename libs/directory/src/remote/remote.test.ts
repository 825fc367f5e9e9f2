import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RpcError } from '@cartero/bus/grpc'
import { DirectoryError, type DirectoryFault } from '../directory-error.ts'
import { directoryErrorOf, directoryFaultOf } from './index.ts'

test('a fault of the directory is the same on the other side of a network', () => {
  for (const fault of [
    'notFound',
    'exists',
    'inUse',
    'invalid',
    'busy',
    'unavailable',
  ] satisfies DirectoryFault[]) {
    const told = directoryFaultOf(new DirectoryError(fault, 'a sentence'))
    assert.ok(told instanceof RpcError)
    const meant = directoryErrorOf(told)
    assert.deepEqual([meant.fault, meant.message], [fault, 'a sentence'])
  }
})

test('a bug is nobody else’s fault, and a directory that cannot be asked is away', () => {
  assert.equal(directoryFaultOf(new TypeError('bug')), undefined)
  for (const code of ['DEADLINE_EXCEEDED', 'INTERNAL', 'UNIMPLEMENTED', 'CANCELLED'] as const)
    assert.equal(directoryErrorOf(new RpcError(code, 'x')).fault, 'unavailable')
})
