import type { Decoder } from '../decoder.ts'

/** RFC 5161 §3.1; the names in upper case. */
export function readEnable(decoder: Decoder): readonly string[] {
  const names: string[] = []
  while (decoder.sp()) names.push(decoder.expectAtom('a capability').toUpperCase())
  return names.length > 0 ? names : decoder.fault('a capability')
}
