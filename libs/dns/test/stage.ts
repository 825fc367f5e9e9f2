import { ManualClock } from '@cartero/wire'
import { DnsError } from '../src/index.ts'
import { StubResolver, type StubLimits } from '../src/stub/index.ts'
import { address, answer, say, ScriptedServer, type Script } from './scripted-server.ts'

export const fault =
  (expected: DnsError['fault']) =>
  (error: unknown): boolean =>
    error instanceof DnsError && error.fault === expected

export const found: Script = (asked) => say(answer(asked, { answers: [address(asked)] }))
export const rcode =
  (code: number): Script =>
  (asked) =>
    say(answer(asked, { rcode: code }))
export const SERVFAIL = rcode(2)
export const REFUSED = rcode(5)

/** A resolver before servers of ours, in a time of its own. */
export interface Stage extends AsyncDisposable {
  readonly resolver: StubResolver
  readonly clock: ManualClock
  readonly servers: readonly ScriptedServer[]
  /** Questions that came to the first server. */
  readonly count: () => number
}

export async function staged(
  scripts: Script | readonly Script[],
  limits: Partial<StubLimits> = {},
): Promise<Stage> {
  const servers = await Promise.all([scripts].flat().map((script) => ScriptedServer.open(script)))
  const clock = new ManualClock()
  const resolver = new StubResolver({ servers: servers.map(({ server }) => server), clock, limits })
  return {
    resolver,
    clock,
    servers,
    count: () => servers[0]!.asked.length,
    [Symbol.asyncDispose]: async () => {
      resolver.close()
      await Promise.all(servers.map((server) => server[Symbol.asyncDispose]()))
    },
  }
}
