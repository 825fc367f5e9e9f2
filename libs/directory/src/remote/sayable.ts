import type { Domain } from '@cartero/contracts/directory'

const MOST = 2n ** 64n - 1n

/** A domain whose numbers have octets: what is out of the contract's range is refused by the directory, in its own words. */
export function sayable<Request extends { readonly domain?: Domain | undefined }>(request: Request): Request {
  const { domain } = request
  if (domain?.collection === undefined) return request
  const { quota, keepSeconds, ...same } = domain.collection
  const collection = { ...same, quota: withinRange(quota), keepSeconds: withinRange(keepSeconds) }
  return { ...request, domain: { ...domain, collection } }
}

function withinRange(number: bigint): bigint {
  return number < 0n || number > MOST ? MOST : number
}
