// Tables of RFC 3454, named as there.

// RFC 3454 §C.1.2, mapped to SPACE by RFC 4013 §2.1
const NON_ASCII_SPACE = /[\u00A0\u1680\u2000-\u200B\u202F\u205F\u3000]/gu

// RFC 3454 §B.1, mapped to nothing by RFC 4013 §2.1
const MAPPED_TO_NOTHING =
  /\u00AD|\u034F|\u1806|\u180B|\u180C|\u180D|\u200C|\u200D|\u2060|[\uFE00-\uFE0F]|\uFEFF/gu

// RFC 4013 §2.3
const PROHIBITED = new RegExp(
  [
    '[\\u00A0\\u1680\\u2000-\\u200B\\u202F\\u205F\\u3000]', // C.1.2 other spaces
    '[\\u0000-\\u001F\\u007F]', // C.2.1 ASCII controls
    '[\\u0080-\\u009F\\u06DD\\u070F\\u180E\\u200C\\u200D\\u2028\\u2029\\u2060-\\u2063]', // C.2.2 other controls
    '[\\u206A-\\u206F\\uFEFF\\uFFF9-\\uFFFC\\u{1D173}-\\u{1D17A}]',
    '\\p{Co}', // C.3 private use
    '\\p{Noncharacter_Code_Point}', // C.4
    '\\p{Cs}', // C.5 surrogates
    '\\uFFFD', // C.6 inappropriate for plain text
    '[\\u2FF0-\\u2FFB]', // C.7 inappropriate for canonical representation
    '[\\u0340\\u0341\\u200E\\u200F\\u202A-\\u202E]', // C.8 change of display
    '[\\u{E0001}\\u{E0020}-\\u{E007F}]', // C.9 tagging
  ].join('|'),
  'u',
)

const RANDAL_RANGES =
  '\\u05BE\\u05C0\\u05C3\\u05D0-\\u05EA\\u05F0-\\u05F4\\u061B\\u061F\\u0621-\\u063A\\u0640-\\u064A\\u066D-\\u066F' +
  '\\u0671-\\u06D5\\u06DD\\u06E5\\u06E6\\u06FA-\\u06FE\\u0700-\\u070D\\u0710\\u0712-\\u072C\\u0780-\\u07A5\\u07B1' +
  '\\u200F\\uFB1D\\uFB1F-\\uFB28\\uFB2A-\\uFB36\\uFB38-\\uFB3C\\uFB3E\\uFB40\\uFB41\\uFB43\\uFB44\\uFB46-\\uFBB1' +
  '\\uFBD3-\\uFD3D\\uFD50-\\uFD8F\\uFD92-\\uFDC7\\uFDF0-\\uFDFC\\uFE70-\\uFE74\\uFE76-\\uFEFC'

// RFC 3454 §D.1
const RANDAL = new RegExp(`[${RANDAL_RANGES}]`, 'u')
const STARTS_WITH_RANDAL = new RegExp(`^[${RANDAL_RANGES}]`, 'u')
const ENDS_WITH_RANDAL = new RegExp(`[${RANDAL_RANGES}]$`, 'u')

// RFC 3454 §D.2 deviation: the table lists bidirectional class L of Unicode 3.2, which regular expressions cannot name;
// letters, spacing marks and letter numbers that are not in D.1 are what it means.
const LEFT_TO_RIGHT = new RegExp(`[[\\p{L}\\p{Mc}\\p{Nl}]--[${RANDAL_RANGES}]]`, 'v')

// RFC 3454 §A.1 deviation: unassigned in the Unicode version of the runtime, not in 3.2, so that today's names work.
const UNASSIGNED = /\p{Cn}/u

/** `stored` text may not have unassigned code points, a `query` may. RFC 3454 §7 */
export type PreparedFor = 'stored' | 'query'

/**
 * Prepares a login or password so that what looks the same is the same. RFC 4013
 *
 * @returns the prepared text (maybe empty), or undefined when it has what is prohibited
 */
export function saslprep(text: string, preparedFor: PreparedFor = 'query'): string | undefined {
  if (isPrintableAscii(text)) return text
  const mapped = text.replace(NON_ASCII_SPACE, ' ').replace(MAPPED_TO_NOTHING, '')
  const normal = mapped.normalize('NFKC') // RFC 4013 §2.2
  if (PROHIBITED.test(normal) || !followsBidiRule(normal)) return undefined
  if (preparedFor === 'stored' && UNASSIGNED.test(normal)) return undefined
  return normal
}

// RFC 3454 §6
function followsBidiRule(text: string): boolean {
  if (!RANDAL.test(text)) return true
  return !LEFT_TO_RIGHT.test(text) && STARTS_WITH_RANDAL.test(text) && ENDS_WITH_RANDAL.test(text)
}

function isPrintableAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit < 0x20 || unit > 0x7e) return false
  }
  return true
}
