// An agent that is asked by an operator over real gRPC.
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'

import { RpcChannel, RpcError, RpcServer, type ServiceOf } from '@cartero/bus/grpc'
import {
  ComponentHealth_Status as Status,
  ControlServiceDefinition,
  StatusResponse_Phase as Phase,
} from '@cartero/contracts/control'
import { ManualClock } from '@cartero/wire'

import { Activities, Lifecycle, runAgent, type Component } from '../lifecycle/index.ts'
import { createLogger } from '../telemetry/index.ts'
import { controlOffer } from './index.ts'

interface Controlled {
  readonly lifecycle: Lifecycle
  readonly activities: Activities
  readonly clock: ManualClock
  readonly log: ReturnType<typeof createLogger>
  readonly control: ServiceOf<typeof ControlServiceDefinition>
}

async function controlled(context: TestContext, components: readonly Component[]): Promise<Controlled> {
  const clock = new ManualClock()
  const activities = new Activities(clock)
  const lifecycle = new Lifecycle({ name: 'mta', components }, { activities })
  const log = createLogger({ level: 'silent', format: 'json', descriptor: 2 })
  const server = new RpcServer({
    address: '127.0.0.1:0',
    offers: [controlOffer({ agent: 'mta', version: '1.2.3', lifecycle, activities, log, clock })],
    bug: (error) => {
      throw error
    },
  })
  const channel = new RpcChannel({ address: `127.0.0.1:${await server.listen()}` })
  context.after(async () => {
    channel.close()
    await server.close(AbortSignal.abort())
  })
  return { lifecycle, activities, clock, log, control: channel.service(ControlServiceDefinition) }
}

test('an operator sees what an agent is made of, how each part is, and what is under way', async (context) => {
  const health = { status: 'failing', reason: 'no disk', hint: 'mount it' } as const
  const components: Component[] = [{ name: 'door' }, { name: 'spool', health: () => health }]
  const { lifecycle, activities, clock, control } = await controlled(context, components)
  await lifecycle.start()
  clock.advance(1_500)
  using _activity = activities.begin('commit 0K3M')
  assert.deepEqual(await control.Status({}), {
    agent: 'mta',
    version: '1.2.3',
    phase: Phase.READY,
    ready: false,
    uptime: 1_500n,
    components: [
      { name: 'door', status: Status.OK, detail: '', hint: '' },
      { name: 'spool', status: Status.FAILING, detail: 'no disk', hint: 'mount it' },
    ],
    activities: ['commit 0K3M (0 s)'],
    inFlight: 1n,
    logLevel: 'silent',
  })
})

test('an agent that is told to drain answers, finishes what is at hand, and its process ends', async (context) => {
  const { lifecycle, activities, control } = await controlled(context, [{ name: 'door' }])
  const host = { on: () => host, off: () => host, exitCode: undefined as number | undefined }
  const ready = Promise.withResolvers<void>()
  const running = runAgent(
    { name: 'mta', components: [] },
    { lifecycle, host, onReady: () => ready.resolve() },
  )
  await ready.promise
  const activity = activities.begin('commit 0K3M')
  await control.Drain({ reason: 'scaled down' })
  await control.Drain({ reason: 'once more' })
  assert.equal((await control.Status({})).phase, Phase.DRAINING)
  activity.end()
  await running
  assert.equal(host.exitCode, 0)
})

test('the level of the log changes while the agent runs, for loggers that were made before, too', async (context) => {
  const { log, control } = await controlled(context, [])
  const child = log.child({ agent: 'mta' })
  assert.equal(child.enabled('fatal'), false)
  assert.deepEqual(await control.SetLogLevel({ level: 'fatal' }), { previous: 'silent' })
  assert.equal(child.enabled('fatal'), true)
  assert.equal(child.child({ sid: 'x' }).enabled('fatal'), true)
  await assert.rejects(control.SetLogLevel({ level: 'loud' }), (error) => {
    assert.ok(error instanceof RpcError)
    assert.equal(error.code, 'INVALID_ARGUMENT')
    assert.match(error.message, /'loud' is no level of the log: trace, debug/)
    return true
  })
  assert.equal(log.level, 'fatal')
})
