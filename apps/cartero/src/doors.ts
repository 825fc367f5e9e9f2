import { createServer } from 'node:net'

import { formatListenAddress, type ListenAddress } from '@cartero/agent/config'
import { explainSystemError, OperatorError, type Component } from '@cartero/agent/lifecycle'

/** How an operator moves a door: read after "or ". */
export interface Doors {
  readonly addresses: readonly ListenAddress[]
  readonly remedy: string
}

/** Tries all doors before anything is opened, so that all that are taken are named at once and nothing is left half open. */
export function checkDoors({ addresses, remedy }: Doors): Component {
  return {
    name: 'doors',
    async start() {
      const outcomes = await Promise.all(addresses.map(tryDoor))
      const problems = outcomes.filter((outcome) => outcome !== undefined)
      if (problems.length === 0) return
      throw new OperatorError(problems.map(({ message }) => message).join('; '), remedy)
    },
  }
}

/** Opens and closes. Undefined when that went well. */
function tryDoor(address: ListenAddress): Promise<Error | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', (error) => {
      resolve(explainSystemError(error, `listen on ${formatListenAddress(address)}`))
    })
    server.listen({ host: address.host, port: address.port }, () => server.close(() => resolve(undefined)))
  })
}
