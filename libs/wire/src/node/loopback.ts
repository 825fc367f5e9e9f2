import type { ConnectionFacts } from '../facts.ts'

export function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.')
}

/** Whether nobody else can be on the wire between us and the peer. Between a proxy and its client anybody can. */
export function isUnobserved({ remoteAddress, proxy }: ConnectionFacts): boolean {
  return proxy === undefined && isLoopback(remoteAddress)
}
