/** What became of a wish that mail is tried now. */
export type QueueStart =
  /** None waits. */
  | { readonly kind: 'nothing' }
  /** It is tried now. `deliveries`: how many waited, where what waits can be told from what was not asked for. */
  | { readonly kind: 'started'; readonly deliveries?: number }
  /** It waits until a customer comes for it; nothing is sent anywhere. */
  // RFC 2645
  | { readonly kind: 'collected'; readonly deliveries: number }
  /** Mail for it has no way of its own from here. */
  | { readonly kind: 'noWay' }

/**
 * Port: has mail for other hosts tried now, over connections that we make, to the hosts that it goes to in any case. Owned by the MTA.
 * Each answers in milliseconds, whatever waits, and rejects when the spool or the directory cannot tell now. What was answered as
 * started is under way; it need not be due yet.
 */
// RFC 1985
export interface QueueStarter {
  /** @param domain in A-labels and lower case */
  startDomain(domain: string): Promise<QueueStart>
  /** All below each of these domains, as far as there is mail for them; nothing is counted. */
  startBelow(domains: readonly string[]): void
  /** What goes by a configured way. */
  startRoute(name: string): Promise<QueueStart>
}
