import { UsageError } from './exit-code.ts'

/** What the words of a `sendmail` command line mean. */
export interface SendmailOrder {
  /** `list`: as mailq; `flush`: everything is tried now; `nothing`: what others do here is not needed. */
  readonly action: 'send' | 'list' | 'flush' | 'nothing'
  readonly recipients: readonly string[]
  readonly isForHeader: boolean
  /** A line with a dot alone does not end the message. */
  readonly ignoresDots: boolean
  readonly sender?: string
  readonly fullName?: string
  readonly notify?: readonly ('never' | 'success' | 'failure' | 'delay')[]
  readonly envelopeId?: string
  readonly return?: 'full' | 'headers'
  readonly data?: string
  readonly config?: string
}

type Draft = { -readonly [P in keyof SendmailOrder]: SendmailOrder[P] } & { recipients: string[] }

/** What a letter does; `value` is what stands behind it, or the next word. */
type Letter = (draft: Draft, value: string) => void

const ACTIONS: Readonly<Record<string, SendmailOrder['action']>> = {
  m: 'send',
  p: 'list',
  i: 'nothing',
}

/** Letters with a value. Those that others know and that mean nothing here are let pass. */
const WITH_VALUE: Readonly<Record<string, Letter>> = {
  f: (draft, value) => (draft.sender = value),
  r: (draft, value) => (draft.sender = value),
  F: (draft, value) => (draft.fullName = value),
  N: (draft, value) => (draft.notify = notifyOf(value)),
  V: (draft, value) => (draft.envelopeId = nameOf(value)),
  R: (draft, value) => (draft.return = returnOf(value)),
  C: (draft, value) => (draft.config = value),
  b: setAction,
  o: setOption,
  ...Object.fromEntries(Array.from('BLOXhpMD', (letter) => [letter, () => undefined])),
}

/** A value that is there only when it stands directly behind the letter. */
const MAY_HAVE_VALUE: Readonly<Record<string, Letter>> = {
  q: (draft) => (draft.action = 'flush'),
  d: () => undefined,
  A: () => undefined,
}

const ALONE: Readonly<Record<string, Letter>> = {
  t: (draft) => (draft.isForHeader = true),
  i: (draft) => (draft.ignoresDots = true),
  I: (draft) => (draft.action = 'nothing'),
  ...Object.fromEntries(Array.from('vnmUGsxYe', (letter) => [letter, () => undefined])),
}

/** Reads words as Sendmail, and all that came after it, do. Throws UsageError. */
export function sendmailOrder(words: readonly string[]): SendmailOrder {
  const draft: Draft = { action: 'send', recipients: [], isForHeader: false, ignoresDots: false }
  const rest = [...words]
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === '--') break
    if (word.startsWith('--')) readLong(draft, word, rest)
    else if (/^-./.test(word)) readLetters(draft, word.slice(1), rest)
    else draft.recipients.push(word)
  }
  draft.recipients.push(...rest)
  return draft
}

function readLetters(draft: Draft, letters: string, rest: string[]): void {
  for (let at = 0; at < letters.length; at++) {
    const letter = letters.charAt(at)
    const behind = letters.slice(at + 1)
    const withValue = Object.hasOwn(WITH_VALUE, letter) ? WITH_VALUE[letter] : undefined
    if (withValue !== undefined) return withValue(draft, behind === '' ? valueOf(`-${letter}`, rest) : behind)
    if (Object.hasOwn(MAY_HAVE_VALUE, letter)) return MAY_HAVE_VALUE[letter]!(draft, behind)
    if (!Object.hasOwn(ALONE, letter)) throw new UsageError(`there is no option -${letter}`)
    ALONE[letter]!(draft, '')
  }
}

function readLong(draft: Draft, word: string, rest: string[]): void {
  const [name = '', value] = word.split(/=(.*)/s, 2)
  if (name !== '--data' && name !== '--config') throw new UsageError(`there is no option ${name}`)
  draft[name === '--data' ? 'data' : 'config'] = value ?? valueOf(name, rest)
}

function valueOf(option: string, rest: string[]): string {
  const value = rest.shift()
  if (value === undefined) throw new UsageError(`${option} needs a value`)
  return value
}

function setAction(draft: Draft, value: string): void {
  const action = ACTIONS[value]
  if (action === undefined)
    throw new UsageError(`-b${value} is not done here: -bm, -bp and -bi are; SMTP is spoken at the doors`)
  draft.action = action
}

function setOption(draft: Draft, value: string): void {
  if (value.startsWith('i')) draft.ignoresDots = true
}

const CONDITIONS = ['success', 'failure', 'delay'] as const

// RFC 3461 §4.1
function notifyOf(value: string): NonNullable<SendmailOrder['notify']> {
  const words = value.toLowerCase().split(',')
  if (words.length === 1 && words[0] === 'never') return ['never']
  const known = CONDITIONS.filter((condition) => words.includes(condition))
  if (known.length === words.length) return known
  throw new UsageError(`-N takes never, or some of success, failure and delay, not '${value}'`)
}

/** Servers refuse any other, and the message with it. */
// RFC 3461 §4.4
function nameOf(value: string): string {
  const said = value.replaceAll(/[+= ]/g, '+00')
  if (/^[!-~]{1,100}$/.test(said)) return value
  throw new UsageError(
    '-V takes a name of at most 100 printable characters, of which +, = and spaces count three times',
  )
}

// RFC 3461 §4.3
function returnOf(value: string): 'full' | 'headers' {
  const word = value.toLowerCase()
  if (word === 'full') return 'full'
  if (word === 'hdrs' || word === 'headers') return 'headers'
  throw new UsageError(`-R takes full or hdrs, not '${value}'`)
}
