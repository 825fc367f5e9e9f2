import { createServer } from 'node:net'

import { formatListenAddress, type ListenAddress } from '@cartero/agent/config'
import { explainSystemError, OperatorError, type Component } from '@cartero/agent/lifecycle'

export interface Doors {
  readonly addresses: readonly ListenAddress[]
  /** What an operator does about a door that is taken. */
  readonly remedy: string
}

const PRIVILEGED =
  'allow ports below 1024 (systemd: AmbientCapabilities=CAP_NET_BIND_SERVICE; ' +
  'containers: sysctl net.ipv4.ip_unprivileged_port_start=0), or choose ports from 1024 up'

/** Tries all doors before anything is opened, so that all that are taken are named at once and nothing is left half open. */
export function checkDoors({ addresses, remedy }: Doors): Component {
  return {
    name: 'doors',
    async start() {
      const outcomes = await Promise.all(addresses.map((address) => tryDoor(address, remedy)))
      const problems = outcomes.filter((outcome) => outcome !== undefined)
      const bug = problems.find((problem) => !(problem instanceof OperatorError))
      if (bug !== undefined) throw bug
      // Doors on one host that does not exist have one problem, not one each.
      const messages = new Set(problems.map(({ message }) => message))
      const remedies = new Set((problems as OperatorError[]).map((problem) => problem.remedy))
      if (messages.size > 0) throw new OperatorError([...messages].join('; '), [...remedies].join('; '))
    },
  }
}

/** What is wrong with the host, whatever the port. */
const HOST_FAULTS = new Set(['ENOTFOUND', 'EAI_AGAIN', 'EADDRNOTAVAIL'])

/** Opens and closes. Undefined when that went well. */
function tryDoor(address: ListenAddress, remedy: string): Promise<Error | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => {
      const place = HOST_FAULTS.has(error.code ?? '') ? address.host : formatListenAddress(address)
      const doing = `listen on ${place}`
      resolve(explainSystemError(error, doing, { EADDRINUSE: remedy, EACCES: PRIVILEGED }[error.code ?? '']))
    })
    server.listen({ host: address.host, port: address.port }, () => server.close(() => resolve(undefined)))
  })
}
