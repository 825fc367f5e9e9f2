import { readFileSync } from 'node:fs'

import { explainSystemError, OperatorError } from '@cartero/agent/lifecycle'
import type { AgentIdentity } from '@cartero/bus/grpc'
import { checkIdentity } from '@cartero/wire/node'

import type { CarteroConfig } from '../config.ts'
import type { AgentName } from '../services-rules.ts'
import { readAuthorities } from '../tls-identity.ts'

/**
 * Who an agent is among the others, from files; undefined when none are configured. `{agent}` in their names stands for the agent's.
 * Throws OperatorError when they cannot be read, or are not what they should be.
 */
export function readAgentIdentity(
  { services: { identity } }: CarteroConfig,
  agent: AgentName,
): AgentIdentity | undefined {
  const { certificate, key, authorities } = identity
  if (certificate === undefined || key === undefined || authorities === undefined) return undefined
  const of = (file: string): string => file.replaceAll('{agent}', agent)
  const read = { certificate: readFile(of(certificate)), key: readFile(of(key)) }
  try {
    checkIdentity({ certificate: read.certificate.toString(), key: read.key.toString() })
  } catch (error) {
    throw new OperatorError(
      `${of(certificate)} and ${of(key)} are no certificate and its key: ${error instanceof Error ? error.message : String(error)}`,
      'name PEM files that belong together in services.identity; "cartero identity" makes them',
      { cause: error },
    )
  }
  return {
    ...read,
    authority: Buffer.from(readAuthorities(of(authorities), 'services.identity.authorities')),
  }
}

function readFile(file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (error) {
    throw explainSystemError(
      error,
      `read ${file}`,
      'check services.identity; "cartero identity" makes what it names',
    )
  }
}
