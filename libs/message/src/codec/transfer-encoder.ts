/** Writes octets in a content-transfer-encoding, chunk by chunk; the chunks may be cut anywhere. */
export interface TransferEncoder {
  write(chunk: Buffer): Buffer
  /** What was waiting for more, without a line end behind it. */
  end(): Buffer
}
