import { isLoopback } from '@cartero/wire/node'

/** @param address `host:port`, `[host]:port` or `unix:path` */
export function hostOf(address: string): string {
  return address.slice(0, address.lastIndexOf(':')).replace(/^\[|\]$/g, '')
}

/** Throws TypeError where octets would cross a network in the clear. @param address `host:port`, or `unix:path` */
export function refuseClearText(address: string): void {
  const host = hostOf(address)
  if (address.startsWith('unix:') || host === 'localhost' || isLoopback(host)) return
  throw new TypeError(`${address} is on a network: agents speak there under TLS only, with an identity each`)
}
