import type { Callers, Offer } from '@cartero/bus/grpc'
import { DirectoryServiceDefinition } from '@cartero/contracts/directory'

import type { Directory } from '../directory.ts'
import { directoryFaultOf } from './faults.ts'

export interface DirectoryOfferOptions {
  /** Who may ask; all of ours when absent. */
  readonly callers?: Callers
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
