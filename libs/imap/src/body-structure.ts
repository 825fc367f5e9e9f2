import type { OctetString, Part } from '@cartero/message'
import type { Encoder } from './encoder.ts'
import { encodeEnvelope } from './envelope.ts'

/** Writes BODYSTRUCTURE, or BODY without extension data (RFC 3501 §7.4.2). */
export function encodeBodyStructure(encoder: Encoder, part: Part, extended: boolean): void {
  encoder.raw('(')
  if (part.parts === undefined) encodeLeaf(encoder, part, extended)
  else encodeMultipart(encoder, part, part.parts, extended)
  encoder.raw(')')
}

// body-type-mpart = 1*body SP media-subtype [SP body-ext-mpart]
function encodeMultipart(encoder: Encoder, part: Part, parts: readonly Part[], extended: boolean): void {
  for (const child of parts) encodeBodyStructure(encoder, child, extended)
  encoder.raw(' ').octetString(part.subtype.toUpperCase())
  if (!extended) return
  encoder.raw(' ')
  encodeParameters(encoder, part.parameters)
  encodeExtension(encoder, part)
}

// body-type-1part = (body-type-basic / body-type-msg / body-type-text) [SP body-ext-1part]
function encodeLeaf(encoder: Encoder, part: Part, extended: boolean): void {
  encoder.octetString(part.type.toUpperCase()).raw(' ').octetString(part.subtype.toUpperCase()).raw(' ')
  encodeParameters(encoder, part.parameters)
  encoder.raw(' ').nstring(part.id).raw(' ').nstring(part.description)
  encoder.raw(' ').octetString(part.encoding.toUpperCase()).raw(` ${part.size}`)
  if (part.message !== undefined) {
    encoder.raw(' ')
    encodeEnvelope(encoder, part.message.envelope)
    encoder.raw(' ')
    encodeBodyStructure(encoder, part.message.root, extended)
  }
  if (part.message !== undefined || part.type === 'text') encoder.raw(` ${part.lines ?? 0}`)
  if (!extended) return
  encoder.raw(' ').nstring(part.md5)
  encodeExtension(encoder, part)
}

/** A space and body-fld-dsp, -lang and -loc. */
function encodeExtension(encoder: Encoder, { disposition, language, location }: Part): void {
  if (disposition === undefined) encoder.raw(' NIL ')
  else {
    encoder.raw(' (').octetString(disposition.type.toUpperCase()).raw(' ')
    encodeParameters(encoder, disposition.parameters)
    encoder.raw(') ')
  }
  encodeLanguages(encoder, language)
  encoder.raw(' ').nstring(location)
}

function encodeLanguages(encoder: Encoder, languages: readonly OctetString[] | undefined): void {
  if (languages === undefined || languages.length === 0) return void encoder.raw('NIL')
  if (languages.length === 1) return void encoder.octetString(languages[0]!)
  encoder.raw('(')
  languages.forEach((language, i) => encoder.raw(i === 0 ? '' : ' ').octetString(language))
  encoder.raw(')')
}

// body-fld-param = "(" string SP string *(SP string SP string) ")" / nil
function encodeParameters(encoder: Encoder, parameters: Part['parameters']): void {
  if (parameters.length === 0) return void encoder.raw('NIL')
  encoder.raw('(')
  let separator = ''
  for (const [name, value] of parameters) {
    encoder.raw(separator).octetString(name.toUpperCase()).raw(' ').octetString(value)
    separator = ' '
  }
  encoder.raw(')')
}
