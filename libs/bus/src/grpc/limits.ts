/** What a call may take, and what it may cost. Times in milliseconds. */
export const RPC_LIMITS = {
  /** A question that is answered by one message: a login that hashes a password takes 50, ten of them in a queue half a second. */
  unary: 10_000,
  /** The other side is asked for a sign of life so often, also when nothing is under way. */
  keepAlive: 10_000,
  /** It is given up when there is none within that time: a partition is noticed in 15 seconds, and streams end by it. */
  keepAliveAnswer: 5_000,
  /** A new connection to who was away is tried after that at most; gRPC begins with a second. */
  longestReconnect: 5_000,
  /** Octets of one message. The largest is a batch of deliveries; bodies come in portions. */
  message: 4 * 1024 * 1024,
  /** Octets that may be under way on a stream before the other side has read any. */
  window: 4 * 1024 * 1024,
  /** How long a server that leaves waits for calls to end. */
  drain: 10_000,
} as const

/** For servers and clients alike. */
export const CHANNEL_OPTIONS = {
  'grpc.keepalive_time_ms': RPC_LIMITS.keepAlive,
  'grpc.keepalive_timeout_ms': RPC_LIMITS.keepAliveAnswer,
  'grpc.keepalive_permit_without_calls': 1,
  'grpc.max_receive_message_length': RPC_LIMITS.message,
  'grpc.max_send_message_length': RPC_LIMITS.message,
  'grpc-node.flow_control_window': RPC_LIMITS.window,
} as const
