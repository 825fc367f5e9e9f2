import { request } from 'node:https'
import { X509Certificate } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { DnsError, type Resolver } from '@cartero/dns'
import type { Clock } from '@cartero/wire'
import type { TlsFailure } from '../../ports.ts'

/** Octets of a policy, as the standard suggests; a thousand hosts have room in it. */
// RFC 8461 §3.3
export const POLICY_LIMIT = 64 * 1024

/** Milliseconds for a policy: names, connection, TLS and answer. Mail waits for it, so that it is less than the standard's minute. */
export const FETCH_LIMIT_MS = 30_000

export interface StsFetchOptions {
  readonly resolver: Resolver
  readonly clock: Clock
  /** Who is believed, in PEM; whom Node believes when absent. */
  readonly authorities?: string
  /** 443 unless a test has its own. */
  readonly port?: number
}

/** There is no policy to be had, and how that is called in reports. */
export class StsFetchError extends Error {
  override readonly name = 'StsFetchError'
  readonly failure: TlsFailure

  constructor(failure: TlsFailure, message: string, options?: ErrorOptions) {
    super(message, options)
    this.failure = failure
  }
}

/** The text of a domain's policy. Rejects with StsFetchError, and with the signal's reason. */
// RFC 8461 §3.3
export async function fetchStsPolicy(
  domain: string,
  options: StsFetchOptions,
  signal: AbortSignal,
): Promise<string> {
  const late = new AbortController()
  const stop = options.clock.after(FETCH_LIMIT_MS, () =>
    late.abort(new StsFetchError('sts-policy-fetch-error', 'it took too long')),
  )
  const either = AbortSignal.any([signal, late.signal])
  try {
    const host = `mta-sts.${domain}`
    return await read(
      await get({ host, addresses: await addressesOf(host, options, either) }, options, either),
    )
  } catch (error) {
    if (either.aborted) throw either.reason
    throw asFetchError(error)
  } finally {
    stop()
  }
}

interface Place {
  readonly host: string
  readonly addresses: readonly string[]
}

async function addressesOf(
  host: string,
  { resolver }: StsFetchOptions,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const kinds = ['AAAA', 'A'] as const
  const asked = await Promise.allSettled(kinds.map((kind) => resolver.ask(host, kind, signal)))
  const addresses = asked.flatMap((one) => (one.status === 'fulfilled' ? one.value.records : []))
  if (addresses.length > 0) return addresses
  const failed = asked.find((one) => one.status === 'rejected')
  throw failed?.reason ?? new StsFetchError('sts-policy-fetch-error', `${host} has no address`)
}

function get(
  { host, addresses }: Place,
  { authorities, port = 443 }: StsFetchOptions,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const found = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
  return new Promise((resolve, reject) => {
    const asking = request({
      host,
      port,
      path: '/.well-known/mta-sts.txt',
      headers: { accept: 'text/plain', connection: 'close' },
      agent: false,
      minVersion: 'TLSv1.2',
      servername: host,
      // What the name means is looked up by our resolver alone.
      lookup: (_name, { all }, found_) => {
        if (all === true) found_(null, found)
        else found_(null, found[0]!.address, found[0]!.family)
      },
      // RFC 8461 §3.3, RFC 9525 §6.2: the common name does not count
      checkServerIdentity: (name, { raw }) => nameFault(new X509Certificate(raw), name),
      ...(authorities !== undefined && { ca: authorities }),
      signal,
    })
    asking.once('response', resolve)
    asking.on('error', reject)
    asking.end()
  })
}

function nameFault(certificate: X509Certificate, name: string): Error | undefined {
  if (certificate.checkHost(name, { subject: 'never', partialWildcards: false }) !== undefined)
    return undefined
  const error = new Error(`its certificate is not for ${name}`)
  return Object.assign(error, { code: 'ERR_TLS_CERT_ALTNAME_INVALID' })
}

/** No other answer than a plain one is good: who is sent elsewhere, or from a cache, could be sent by anybody. */
async function read(response: IncomingMessage): Promise<string> {
  try {
    const { statusCode, headers } = response
    if (statusCode !== 200) throw failed(`it answered ${statusCode}`)
    const type = (headers['content-type'] ?? '').split(';')[0]!.trim().toLowerCase()
    if (type !== 'text/plain')
      throw failed(`it answered with ${type || 'no media type'} instead of text/plain`)
    const parts: Buffer[] = []
    let size = 0
    for await (const part of response as AsyncIterable<Buffer>) {
      size += part.length
      if (size > POLICY_LIMIT) throw failed(`it is longer than ${POLICY_LIMIT} octets`)
      parts.push(part)
    }
    return Buffer.concat(parts).toString('utf8')
  } finally {
    response.destroy()
  }
}

function failed(message: string, options?: ErrorOptions): StsFetchError {
  return new StsFetchError('sts-policy-fetch-error', message, options)
}

/** As OpenSSL and Node call what is wrong with a chain, or with a name. */
const ABOUT_CERTIFICATE =
  /^(?:CERT_|CRL_|UNABLE_TO_|DEPTH_ZERO|SELF_SIGNED|ERROR_IN_CERT|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH|ERR_TLS_CERT)/

function asFetchError(error: unknown): StsFetchError {
  if (error instanceof StsFetchError) return error
  const { message, code = '' } = error as NodeJS.ErrnoException
  if (error instanceof DnsError) return failed(message, { cause: error })
  if (ABOUT_CERTIFICATE.test(code)) return new StsFetchError('sts-webpki-invalid', message, { cause: error })
  return failed(message, { cause: error })
}
