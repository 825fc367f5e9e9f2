import type { Offer } from '@cartero/bus/grpc'
import { DirectoryServiceDefinition } from '@cartero/contracts/directory'

import type { Directory } from '../directory.ts'
import { directoryFaultOf } from './faults.ts'

export interface DirectoryOfferOptions {
  /** Agents that may ask, by the common names of their certificates; all of ours when absent. */
  readonly callers?: readonly string[]
}

/** The directory, for agents in other processes. */
export function directoryOffer(directory: Directory, { callers }: DirectoryOfferOptions = {}): Offer {
  return {
    definition: DirectoryServiceDefinition,
    implementation: directory,
    faultOf: directoryFaultOf,
    ...(callers && { callers }),
  }
}
