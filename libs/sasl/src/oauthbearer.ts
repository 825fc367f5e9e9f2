import type { TlsFacts } from '@cartero/wire'
import {
  BearerClient,
  BearerServer,
  bearerToken,
  messageText,
  parsePairs,
  SEPARATOR,
  type BearerMessage,
} from './bearer.ts'
import type { SaslClientContext, SaslServerContext } from './context.ts'
import { needed, type MechanismRow } from './mechanism-row.ts'
import { escapeName, unescapeName } from './scram-message.ts'

// gs2-header: no channel binding is defined for this mechanism, so `p=` cannot be. RFC 7628 §3.1
const GS2_HEADER = /^[ny],(?:a=([^,]*))?,$/

/** `gs2-header kvsep *kvpair kvsep`; undefined when it is anything else. RFC 7628 §3.1 */
export function parseOauthBearer(octets: Buffer, tls?: TlsFacts): BearerMessage | undefined {
  const text = messageText(octets)
  const headerEnd = text?.indexOf(SEPARATOR) ?? -1
  if (text === undefined || headerEnd === -1 || !text.endsWith(SEPARATOR)) return undefined
  const header = GS2_HEADER.exec(text.slice(0, headerEnd))
  const claimed = header === null ? undefined : unescapeName(header[1] ?? '')
  const pairs = parsePairs(text.slice(headerEnd + 1, -1))
  const token = bearerToken(pairs?.get('auth'))
  if (claimed === undefined || pairs === undefined || token === undefined) return undefined
  return isForUs(pairs, tls) ? { claimed, token } : undefined
}

/**
 * A client that names the host means the one it named in the TLS handshake; else the message was made for another
 * server. Ports are forwarded on the way, so that one we do not listen on may be right: it must be a port, no more.
 */
function isForUs(pairs: ReadonlyMap<string, string>, tls: TlsFacts | undefined): boolean {
  const [host, port] = [pairs.get('host'), pairs.get('port')]
  const named = tls?.serverName
  if (host !== undefined && named !== undefined && host.toLowerCase() !== named.toLowerCase()) return false
  return port === undefined || (/^[1-9][0-9]{0,4}$/.test(port) && Number(port) <= 65_535)
}

// RFC 7628 §3.2.2
function advice({ tokenAdvice }: SaslServerContext): Record<string, string> {
  const { scope, openidConfiguration } = tokenAdvice ?? {}
  return {
    status: 'invalid_token',
    ...(scope !== undefined && { scope }),
    ...(openidConfiguration !== undefined && { 'openid-configuration': openidConfiguration }),
  }
}

// RFC 7628 §3.1
function message({ login, token, host, port }: SaslClientContext): string {
  const pairs = [
    ...(host === undefined ? [] : [`host=${host}`]),
    ...(port === undefined ? [] : [`port=${port}`]),
    `auth=Bearer ${needed(token, 'token')}`,
  ]
  const name = login === '' ? '' : `a=${escapeName(login)}`
  return [`n,${name},`, ...pairs, SEPARATOR].join(SEPARATOR)
}

// RFC 7628
export const oauthBearer: MechanismRow = {
  name: 'OAUTHBEARER',
  needsTls: true,
  isPossible: ({ verifier }) => verifier.token !== undefined,
  create: (context) =>
    new BearerServer({ ...context, parse: (octets) => parseOauthBearer(octets, context.tls), advice }),
  isEquipped: ({ token }) => token !== undefined,
  // RFC 7628 §3.2.3: the dummy is one kvsep
  connect: (context) => new BearerClient(message(context), SEPARATOR),
}
