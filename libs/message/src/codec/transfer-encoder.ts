/** Writes octets in a content-transfer-encoding, chunk by chunk; the chunks may be cut anywhere. */
export interface TransferEncoder {
  write(chunk: Buffer): Buffer
  /** What was waiting for more, without a line end behind it. */
  end(): Buffer
}

const NOTHING = Buffer.alloc(0)

/** 7bit, 8bit and binary, which leave octets as they are. */
// RFC 2045 §6.2
export const IDENTITY: TransferEncoder = { write: (chunk) => chunk, end: () => NOTHING }
