import { CommandScanner } from './command-scanner.ts'
import type { Extension } from './extensions.ts'
import { parseAtrn, type AtrnCommand } from './verb/atrn.ts'
import { parseAuth, type AuthCommand } from './verb/auth.ts'
import { parseBdat, type BdatCommand } from './verb/bdat.ts'
import { parseEtrn, type EtrnCommand } from './verb/etrn.ts'
import { parseGreeting, type GreetingCommand } from './verb/greeting.ts'
import { parseLookUp, type LookUpCommand } from './verb/look-up.ts'
import { parseMail, type MailCommand } from './verb/mail.ts'
import { parsePlain, parseText, type PlainCommand, type TextCommand } from './verb/plain.ts'
import { parseProxied, type ProxiedCommand } from './verb/proxied.ts'
import { parseRcpt, type RcptCommand } from './verb/rcpt.ts'

/** What a client may say. */
export type SmtpCommand =
  | GreetingCommand
  | MailCommand
  | RcptCommand
  | BdatCommand
  | AuthCommand
  | LookUpCommand
  | ProxiedCommand
  | EtrnCommand
  | AtrnCommand
  | PlainCommand
  | TextCommand

export type Verb = SmtpCommand['verb']

/** Reads what stands behind the verb. Throws ReplyError. */
export type CommandParser = (scanner: CommandScanner, extensions: ReadonlySet<Extension>) => SmtpCommand

export const PARSERS: Readonly<Record<Verb, CommandParser>> = {
  HELO: (scanner) => parseGreeting('HELO', scanner),
  EHLO: (scanner) => parseGreeting('EHLO', scanner),
  LHLO: (scanner) => parseGreeting('LHLO', scanner),
  MAIL: (scanner, extensions) => parseMail('MAIL', scanner, extensions),
  SEND: (scanner, extensions) => parseMail('SEND', scanner, extensions),
  SOML: (scanner, extensions) => parseMail('SOML', scanner, extensions),
  SAML: (scanner, extensions) => parseMail('SAML', scanner, extensions),
  RCPT: parseRcpt,
  DATA: (scanner) => parsePlain('DATA', scanner),
  BDAT: (scanner) => parseBdat(scanner),
  RSET: (scanner) => parsePlain('RSET', scanner),
  NOOP: (scanner) => parseText('NOOP', scanner),
  QUIT: (scanner) => parsePlain('QUIT', scanner),
  VRFY: (scanner, extensions) => parseLookUp('VRFY', scanner, extensions),
  EXPN: (scanner, extensions) => parseLookUp('EXPN', scanner, extensions),
  HELP: (scanner) => parseText('HELP', scanner),
  STARTTLS: (scanner) => parsePlain('STARTTLS', scanner),
  AUTH: parseAuth,
  ETRN: (scanner) => parseEtrn(scanner),
  ATRN: (scanner) => parseAtrn(scanner),
  TURN: (scanner) => parsePlain('TURN', scanner),
  XCLIENT: (scanner) => parseProxied('XCLIENT', scanner),
  XFORWARD: (scanner) => parseProxied('XFORWARD', scanner),
}

const SPACE = 0x20

/** Cuts a command line at the verb. The verb is in upper case and may be anything. */
// RFC 5321 §2.4: verbs have no case
export function splitVerb(line: Buffer): { readonly verb: string; readonly rest: CommandScanner } {
  const space = line.indexOf(SPACE)
  const end = space === -1 ? line.length : space
  const rest = new CommandScanner(line, end)
  rest.space()
  return { verb: line.toString('latin1', 0, end).toUpperCase(), rest }
}
