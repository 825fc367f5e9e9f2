import { parseIpv4 } from '@cartero/wire'

/** Whether a host, by name or address, is this machine and nobody else's. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || parseIpv4(host)?.[0] === 127
}
