import { charsetDecoder } from './charset.ts'
import { transferDecoder, type TransferDecoder } from './transfer-decoder.ts'

/** The text of a part, from its octets as stored, chunk by chunk: for SEARCH BODY and TEXT, previews and filters. */
export class PartTextDecoder {
  readonly #transfer: TransferDecoder
  readonly #charset: TextDecoder

  /** `encoding` and `charset` as the part names them; an unknown charset is read as Windows-1252, which loses no ASCII word. */
  constructor(encoding: string, charset: string = 'utf-8') {
    this.#transfer = transferDecoder(encoding)
    this.#charset = charsetDecoder(charset) ?? new TextDecoder('windows-1252')
  }

  write(chunk: Buffer): string {
    return this.#charset.decode(this.#transfer.write(chunk), { stream: true })
  }

  end(): string {
    return this.#charset.decode(this.#transfer.end(), { stream: true }) + this.#charset.decode()
  }
}
