import { formatListenAddress } from '@cartero/agent/config'
import { explainSystemError, OperatorError, type Component, type Health } from '@cartero/agent/lifecycle'
import { RpcServer, type Offer } from '@cartero/bus/grpc'

import { identified, type Ground } from './ground.ts'

/** Milliseconds that calls may take to end once everything else of the agent has stopped. Streams of leases do not end by themselves. */
const PARTING = 500

/** Where this agent answers the others; nowhere when the configuration names no place. */
export function answering(ground: Ground, offers: () => readonly Offer[]): readonly Component[] {
  const { listen } = ground.config.services
  if (listen === undefined) return []
  const address = formatListenAddress({ ...listen, host: listen.host === '' ? '::' : listen.host })
  return [server(ground, address, offers)]
}

function server(ground: Ground, address: string, offers: () => readonly Offer[]): Component {
  let running: RpcServer | undefined
  return {
    name: `rpc ${address}`,
    start: async () => {
      const bug = (error: unknown, procedure: string): void =>
        ground.logger.error('rpc.bug', { procedure, err: error })
      const made = new RpcServer({ address, offers: offers(), bug, ...identified(ground) })
      try {
        await made.listen()
      } catch (error) {
        await made.close(AbortSignal.abort())
        throw inWords(error, address)
      }
      running = made
    },
    // It says so, and goes on answering while the others hand in what they have.
    drain: () => running?.drain(),
    stop: () => running?.close(AbortSignal.timeout(PARTING)),
    health: (): Health =>
      running === undefined
        ? { status: 'ok' }
        : { status: 'ok', detail: `${running.inFlight} calls under way` },
  }
}

function inWords(error: unknown, address: string): Error {
  const words = error instanceof Error ? error.message : String(error)
  const remedy = 'stop the other program, or change services.listen'
  // gRPC names the fault of the system in its words only.
  const code = /\blisten (E[A-Z]+)/.exec(words)?.[1]
  const named = code === undefined ? error : Object.assign(new Error(words, { cause: error }), { code })
  const explained = explainSystemError(named, `listen on ${address}`, remedy)
  if (explained instanceof OperatorError || !words.includes('No address added')) return explained
  return new OperatorError(`cannot listen on ${address}: ${words}`, remedy, { cause: error })
}
