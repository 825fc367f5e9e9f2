import { Base64Decoder } from './base64-decoder.ts'
import { QuotedPrintableDecoder } from './quoted-printable-decoder.ts'

/** Undoes a content-transfer-encoding, chunk by chunk; the chunks may be cut anywhere. Never throws: broken octets are left out or passed on. */
export interface TransferDecoder {
  write(chunk: Buffer): Buffer
  /** What was waiting for more. */
  end(): Buffer
}

const NOTHING = Buffer.alloc(0)

/** 7bit, 8bit and binary (RFC 2045 §6.2): the octets as they are. */
const identity: TransferDecoder = { write: (chunk) => chunk, end: () => NOTHING }

/** The decoder for a Content-Transfer-Encoding, whatever its case. An unknown one leaves the octets alone (RFC 2045 §6.4). */
export function transferDecoder(encoding: string): TransferDecoder {
  switch (encoding.toLowerCase()) {
    case 'base64':
      return new Base64Decoder()
    case 'quoted-printable':
      return new QuotedPrintableDecoder()
    default:
      return identity
  }
}
