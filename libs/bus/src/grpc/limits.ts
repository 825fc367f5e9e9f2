/** What a call may take, and what it may cost. Times in milliseconds. */
export const RPC_LIMITS = {
  /**
   * A question that is answered by one message, unless its service says otherwise: a login that hashes a password takes 50, ten of
   * them in a queue half a second.
   */
  unary: 10_000,
  /** The other side is asked for a sign of life so often, also when nothing is under way. */
  keepAlive: 10_000,
  /** It is given up when there is none within that time: a partition is noticed in 15 seconds, and streams end by it. */
  keepAliveAnswer: 5_000,
  /** Who refused a connection is tried again after that, */
  firstReconnect: 100,
  /** and after that at most, when he goes on: who comes back is found within moments. */
  longestReconnect: 2_000,
  /** The addresses of a name are asked for again when a connection ends, but no more often than that. */
  resolution: 1_000,
  /**
   * After that, calls begin over fresh connections, for which the addresses are asked for again: servers that came since are found. Calls
   * under way stay where they are. A handshake a minute is nothing.
   */
  renewal: 60_000,
  /** Fresh connections that have reached nobody within that time are given up, and those before are kept for another while. */
  fresh: 10_000,
  /** Octets of one message. The largest is a batch of deliveries; bodies come in portions. */
  message: 4 * 1024 * 1024,
  /** Octets that may be under way on a stream before the other side has read any. */
  window: 4 * 1024 * 1024,
  /** How long a server that leaves waits for calls to end. */
  drain: 10_000,
  /** How long it waits for connections that it has cut to be gone. */
  parting: 1_000,
} as const

/** How often the other side is asked for a sign of life, and how long it has for it; RPC_LIMITS when absent. */
export interface KeepAlive {
  readonly every: number
  readonly answer: number
}

const KEEP_ALIVE: KeepAlive = { every: RPC_LIMITS.keepAlive, answer: RPC_LIMITS.keepAliveAnswer }

function commonOptions({ every, answer }: KeepAlive): Record<string, number> {
  return {
    'grpc.keepalive_time_ms': every,
    'grpc.keepalive_timeout_ms': answer,
    'grpc.keepalive_permit_without_calls': 1,
    'grpc.max_receive_message_length': RPC_LIMITS.message,
    'grpc.max_send_message_length': RPC_LIMITS.message,
    'grpc-node.flow_control_window': RPC_LIMITS.window,
  }
}

/** No age of connections among them: a server that ends one by its age cuts the streams over it. */
export function serverOptions(keepAlive = KEEP_ALIVE) {
  return commonOptions(keepAlive)
}

/** All addresses of a name are connected to, and asked in turn. */
export function channelOptions(keepAlive = KEEP_ALIVE) {
  return {
    ...commonOptions(keepAlive),
    'grpc.initial_reconnect_backoff_ms': RPC_LIMITS.firstReconnect,
    'grpc.max_reconnect_backoff_ms': RPC_LIMITS.longestReconnect,
    'grpc.dns_min_time_between_resolutions_ms': RPC_LIMITS.resolution,
    'grpc.service_config': JSON.stringify({ loadBalancingConfig: [{ round_robin: {} }] }),
    'grpc.service_config_disable_resolution': 1,
    // What one channel is told of a server is not held against another one's.
    'grpc.use_local_subchannel_pool': 1,
  }
}
