// What tests of calls between agents have in common.
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import type { TestAuthority } from '@cartero/testkit'
import {
  RpcChannel,
  RpcError,
  RpcServer,
  type AgentIdentity,
  type Offer,
  type RpcChannelOptions,
  type RpcDefinition,
  type RpcServerOptions,
} from '../src/grpc/index.ts'

export const never: Promise<never> = new Promise(() => undefined)

export interface Ends {
  readonly server: RpcServer
  readonly address: string
  readonly bugs: unknown[]
}

export async function served(
  context: TestContext,
  offers: readonly Offer[],
  options: Partial<RpcServerOptions> = {},
): Promise<Ends> {
  const bugs: unknown[] = []
  const server = new RpcServer({
    address: '127.0.0.1:0',
    bug: (error, procedure) => bugs.push(procedure, error),
    ...options,
    offers,
  })
  const port = await server.listen()
  context.after(() => server.close(AbortSignal.abort()))
  return { server, address: `127.0.0.1:${port}`, bugs }
}

export function channelTo(
  context: TestContext,
  address: string,
  options: Omit<RpcChannelOptions, 'address'> = {},
): RpcChannel {
  const channel = new RpcChannel({ address, ...options })
  context.after(() => channel.close())
  return channel
}

/** A service of which these methods answer, and no others. */
export function offerOf(definition: RpcDefinition, methods: object): Offer {
  return { definition, implementation: { ...nothing(definition), ...methods } }
}

/** Every method, none of which answers. */
export function nothing({ methods }: RpcDefinition): object {
  return Object.fromEntries(
    Object.values(methods).map(({ name, responseStream }) => [
      name,
      responseStream ? silentStream : () => never,
    ]),
  )
}

// oxlint-disable-next-line require-yield -- it says nothing
async function* silentStream(): AsyncGenerator<object> {
  await never
}

export async function all<T>(source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = []
  for await (const item of source) items.push(item)
  return items
}

export const failsAs =
  (code: string, words: RegExp = /./) =>
  (error: unknown): boolean => {
    assert.ok(error instanceof RpcError)
    assert.equal(error.code, code, error.message)
    assert.match(error.message, words)
    return true
  }

/** A certificate for an agent of this name, which is reached by these. */
export function identityOf(
  authority: TestAuthority,
  commonName: string,
  names: readonly string[] = ['localhost'],
): AgentIdentity {
  const { certificate, key } = authority.issue({ commonName, names: [...names] })
  return {
    authority: Buffer.from(authority.certificate),
    certificate: Buffer.from(certificate),
    key: Buffer.from(key),
  }
}
