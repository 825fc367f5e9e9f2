const SIGNATURE = '0d0a0d0a000d0a515549540a'

/** PROXY headers that do not tell for whom the proxy speaks, by what they say instead. */
export const UNTOLD: Readonly<Record<string, Buffer>> = {
  UNKNOWN: Buffer.from('PROXY UNKNOWN\r\n'),
  UNSPEC: Buffer.from(`${SIGNATURE}21000000`, 'hex'),
  LOCAL: Buffer.from(`${SIGNATURE}20000000`, 'hex'),
}
