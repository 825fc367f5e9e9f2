/**
 * The spool over a network: the MTA offers it; who delivers to mailboxes, and who steers the queue, holds no credentials of its store.
 * @packageDocumentation
 */
export { REMOTE_SPOOL_LIMITS, SPOOL_DEADLINES } from './limits.ts'
export { RemoteSpool, spoolErrorOf, type RemoteSpoolOptions } from './remote-spool.ts'
export { spoolOffer, type OfferedSpool, type SpoolOfferOptions } from './spool-server.ts'
