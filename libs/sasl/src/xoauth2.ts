import {
  BearerClient,
  BearerServer,
  bearerToken,
  messageText,
  parsePairs,
  SEPARATOR,
  type BearerMessage,
} from './bearer.ts'
import type { SaslServerContext } from './context.ts'
import { needed, type MechanismRow } from './mechanism-row.ts'

// There is no RFC; developers.google.com/workspace/gmail/imap/xoauth2-protocol describes what is done.

/** `"user=" user kvsep "auth=Bearer " token kvsep kvsep`; undefined when it is anything else. */
export function parseXoauth2(octets: Buffer): BearerMessage | undefined {
  const text = messageText(octets)
  if (text === undefined || !text.endsWith(SEPARATOR)) return undefined
  const pairs = parsePairs(text.slice(0, -1))
  const claimed = pairs?.get('user')
  const token = bearerToken(pairs?.get('auth'))
  return claimed && token !== undefined ? { claimed, token } : undefined
}

function advice({ tokenAdvice }: SaslServerContext): Record<string, string> {
  return { status: '401', schemes: 'bearer', scope: tokenAdvice?.scope ?? '' }
}

/** The form of a bearer token that came before OAUTHBEARER, and that most clients know. */
export const xoauth2: MechanismRow = {
  name: 'XOAUTH2',
  needsTls: true,
  isPossible: ({ verifier }) => verifier.token !== undefined,
  create: (context) => new BearerServer({ ...context, parse: parseXoauth2, advice }),
  isEquipped: ({ token }) => token !== undefined,
  connect: ({ login, token }) => {
    const auth = `auth=Bearer ${needed(token, 'token')}`
    return new BearerClient([`user=${login}`, auth, SEPARATOR].join(SEPARATOR), '')
  },
}
