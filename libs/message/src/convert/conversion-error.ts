/** Why octets cannot be made to fit the next hop without losing or breaking something. */
export type ConversionObstacle =
  | 'signed'
  | 'encrypted'
  | 'unknown encoding'
  | 'header too long'
  | 'nested too deeply'
  | 'too many parts'
  | 'multipart without parts'
  | 'boundary'

/**
 * The message cannot be converted, and not by trying again: the sender's matter (RFC 6152 §3). It is thrown as soon as
 * such an octet comes, which in a stream may be late; nothing after it may be sent.
 */
export class ConversionError extends Error {
  override readonly name = 'ConversionError'
  readonly obstacle: ConversionObstacle

  constructor(obstacle: ConversionObstacle) {
    super(`the message cannot be converted for the next hop: ${obstacle}`)
    this.obstacle = obstacle
  }
}
