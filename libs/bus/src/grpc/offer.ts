import type { RpcDefinition } from './definition.ts'
import type { RpcError } from './rpc-error.ts'

/**
 * A service that is offered to other agents: what generated code says of it, and an object with its methods. Each method is called with
 * the request, an AbortSignal (the caller is gone, his time is over, or this server has to leave), and who asks (`Caller`).
 */
export interface Offer {
  readonly definition: RpcDefinition
  readonly implementation: object
  /** The fault that an error stands for; undefined when it is a bug. */
  readonly faultOf?: (error: unknown) => RpcError | undefined
  /** All that our authority vouches for when absent. */
  readonly callers?: Callers
}

/**
 * Agents that may ask, by the common names of their certificates: for everything, or for each procedure by its name. One that is not
 * named there may be asked for by nobody.
 */
export type Callers = readonly string[] | Readonly<Record<string, readonly string[]>>

/** Who may ask for a procedure; undefined where all may. */
export function callersOf(callers: Callers | undefined, procedure: string): readonly string[] | undefined {
  if (callers === undefined || isList(callers)) return callers
  return callers[procedure] ?? []
}

function isList(callers: Callers): callers is readonly string[] {
  return Array.isArray(callers)
}
