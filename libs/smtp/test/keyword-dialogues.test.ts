// What is in the table of extensions is used in a conversation, on the side that offers it and on the side that asks for it.
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { EXTENSIONS, type Extension } from '@cartero/smtp'
import { dialoguesIn, type Dialogue } from './dialogue-file.ts'

/** What a client says to make use of an extension; undefined where there are no words for it, but a way to speak. */
const WORDS: Readonly<Record<Extension, RegExp | undefined>> = {
  PIPELINING: undefined,
  SIZE: /^MAIL FROM:\S* .*\bSIZE=\d/m,
  '8BITMIME': /^MAIL FROM:\S* .*\bBODY=8BITMIME\b/m,
  SMTPUTF8: /^MAIL FROM:\S* .*\bSMTPUTF8\b/m,
  ENHANCEDSTATUSCODES: undefined,
  STARTTLS: /^STARTTLS\r\n/m,
  AUTH: /^AUTH \S+/m,
  HELP: /^HELP\b/m,
  DSN: /^RCPT TO:\S* .*\bNOTIFY=/m,
  CHUNKING: /^BDAT \d+/m,
  BINARYMIME: /^MAIL FROM:\S* .*\bBODY=BINARYMIME\b/m,
  DELIVERBY: /^MAIL FROM:\S* .*\bBY=-?\d+;/m,
  FUTURERELEASE: /^MAIL FROM:\S* .*\bHOLD(?:FOR|UNTIL)=\d/m,
  'MT-PRIORITY': /^MAIL FROM:\S* .*\bMT-PRIORITY=-?\d/m,
  REQUIRETLS: /^MAIL FROM:\S* .*\bREQUIRETLS\b/m,
  LIMITS: undefined,
  'NO-SOLICITING': /^MAIL FROM:\S* .*\bSOLICIT=\S/m,
  VRFY: /^VRFY \S/m,
  EXPN: /^EXPN \S/m,
  SEND: /^SEND FROM:/m,
  SOML: /^SOML FROM:/m,
  SAML: /^SAML FROM:/m,
  ETRN: /^ETRN \S/m,
  ATRN: /^ATRN\b/m,
  TURN: /^TURN\r\n/m,
  XCLIENT: /^XCLIENT \S+=/m,
  XFORWARD: /^XFORWARD \S+=/m,
}

/** What a client of mail has no use for: people ask these, messages go to mailboxes, and ATRN is TURN for everybody. */
const NOT_FOR_ERRANDS: ReadonlySet<Extension> = new Set([
  'HELP',
  'VRFY',
  'EXPN',
  'SEND',
  'SOML',
  'SAML',
  'TURN',
])

const KEYWORDS = Object.keys(EXTENSIONS) as Extension[]
const SERVER = [...dialoguesIn('server').values()].flat()
const CLIENT = [...dialoguesIn('client').values()].flat()

suite('a keyword that EHLO can show is not shown by the table alone', () => {
  for (const keyword of KEYWORDS)
    test(`the server offers ${keyword}, and does what it says`, () => {
      assert.ok(
        SERVER.some((dialogue) => isOffered(keyword, dialogue) && isUsed(keyword, dialogue)),
        'no dialogue in server/ has it offered and used',
      )
    })
})

suite('a client does not leave aside what servers offer', () => {
  for (const keyword of KEYWORDS.filter((each) => !NOT_FOR_ERRANDS.has(each)))
    test(`${keyword} is used where it is offered`, () => {
      assert.ok(
        CLIENT.some((dialogue) => isOffered(keyword, dialogue) && isUsed(keyword, dialogue)),
        'no dialogue in client/ has it offered and used',
      )
    })
})

/** A line of an EHLO answer has the keyword; what stands behind it may be left open. */
function isOffered(keyword: Extension, { lines }: Dialogue): boolean {
  return lines.some(
    (line) => line.kind === 'server' && new RegExp(`^250[- ]${keyword}(?: .*)?\r\n`, 'm').test(line.text),
  )
}

function isUsed(keyword: Extension, dialogue: Dialogue): boolean {
  const words = WORDS[keyword]
  if (words !== undefined)
    return dialogue.lines.some((line) => line.kind === 'client' && words.test(line.text))
  return WITHOUT_WORDS[keyword as keyof typeof WITHOUT_WORDS](dialogue)
}

const WITHOUT_WORDS = {
  /** Two commands behind each other. RFC 2920 §3.1 */
  PIPELINING: ({ lines }: Dialogue) =>
    lines.some((line, i) => {
      const next = lines[i + 1]
      return (
        line.kind === 'client' &&
        next?.kind === 'client' &&
        line.text.startsWith('MAIL') &&
        next.text.startsWith('RCPT')
      )
    }),
  /** RFC 2034 §4 */
  ENHANCEDSTATUSCODES: ({ lines }: Dialogue) =>
    lines.some((line) => line.kind === 'server' && /^[245]\d\d[ -][245]\.\d+\.\d+/.test(line.text)),
  /** The server refuses what is beyond a limit that it told; the client begins again before it gets there. RFC 9422 §4 */
  LIMITS: ({ lines }: Dialogue) =>
    lines.some((line) => line.kind === 'server' && /^250[- ]LIMITS .*RCPTMAX=/.test(line.text)) &&
    (lines.some((line) => line.kind === 'server' && line.text.startsWith('452')) ||
      lines.filter((line) => line.kind === 'client' && line.text.startsWith('MAIL')).length > 1),
}
