// All that a directory promises, over real gRPC on loopback.
import { RpcChannel, RpcServer } from '@cartero/bus/grpc'
import { describeDirectory } from '../compliance/index.ts'
import { openMemoryDirectory } from '../memory/index.ts'
import { directoryOffer, openRemoteDirectory } from './index.ts'

describeDirectory('over a socket', async (options = {}) => {
  const near = openMemoryDirectory(options)
  const server = new RpcServer({
    address: '127.0.0.1:0',
    offers: [directoryOffer(near)],
    bug: (error) => {
      throw error
    },
  })
  const channel = new RpcChannel({ address: `127.0.0.1:${await server.listen()}` })
  const { clock } = options
  const far = openRemoteDirectory({ channel, ...(clock && { clock }) })
  // Who refuses a proof logs it where he is.
  far.hearRefusedProofs = (hear) => near.hearRefusedProofs?.(hear)
  const close = far.close.bind(far)
  far.close = async () => {
    await close()
    channel.close()
    await server.close(AbortSignal.abort())
  }
  // It is told of changes before it has answers at hand.
  for await (const _ of far.Watch({})) {
    await far.Resolve({ addresses: ['nobody@nowhere.test'] })
    if (far.resolveNow('nobody@nowhere.test') !== undefined) break
  }
  return far
})
