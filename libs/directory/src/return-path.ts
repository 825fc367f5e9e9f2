import { createHmac, timingSafeEqual } from 'node:crypto'
import { formatMailbox, type Mailbox, parseDomain, parseMailbox } from '@cartero/syntax'

// The Sender Rewriting Scheme, as libsrs2 and its kin write and read it:
//   SRS0=hash=day=domain=local@forwarder          leads back to local@domain
//   SRS1=hash=first==hash=day=domain=local@later  leads back to SRS0=hash=day=domain=local@first

/** How long a rewritten sender leads back. Notices come within five days or so, automatic answers within two weeks. */
export const RETURN_PATH_DAYS = 21

/**
 * 30 bits, by which nobody but us can make an address that leads out of here: 500 million tries, each a recipient that is
 * refused. More would make addresses longer than others like them.
 */
const HASH_CHARACTERS = 6

/** The longest address of a path. RFC 5321 §4.5.3.1.3, without the brackets. */
const ADDRESS_OCTETS = 254

const DAY_MS = 86_400_000
const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
/** A day is two characters of base32, which begin again after some three years. */
const DAYS = 1024

export interface ReturnPathOptions {
  readonly key: Uint8Array
  /** Milliseconds since the epoch. */
  readonly now: number
}

/** The local part looks like one that leads back, whoever wrote it. */
export function isReturnPath(localPart: string): boolean {
  return /^srs[01][=+-]/i.test(localPart)
}

/** An address at `forwarder` that leads back to the sender; undefined where it would be too long, or could not be read. */
export function writeReturnPath(
  sender: Mailbox,
  forwarder: Mailbox['domain'],
  { key, now }: ReturnPathOptions,
): string | undefined {
  const localPart = shortened(sender, key) ?? fresh(sender, { key, now })
  const address = formatMailbox({ localPart, domain: forwarder })
  const isReadable = !sender.domain.includes('=') && Buffer.byteLength(address) <= ADDRESS_OCTETS
  return isReadable && parseMailbox(address) !== undefined ? address : undefined
}

function fresh({ localPart, domain }: Mailbox, { key, now }: ReturnPathOptions): string {
  const day = dayOf(now)
  return `SRS0=${hash(key, ['0', day, domain, localPart])}=${day}=${domain}=${localPart}`
}

/** What was forwarded before does not grow with each hop: it leads to the first forwarder, who knows the sender. */
function shortened({ localPart, domain }: Mailbox, key: Uint8Array): string | undefined {
  const first = /^srs0(?<rest>[=+-].+)$/is.exec(localPart)?.groups
  if (first !== undefined) return again(domain, first['rest']!, key)
  const later = /^srs1[=+-][^=]+=(?<host>[^=]+)=(?<rest>[=+-].+)$/is.exec(localPart)?.groups
  return later && again(later['host']!, later['rest']!, key)
}

function again(host: string, rest: string, key: Uint8Array): string {
  return `SRS1=${hash(key, ['1', host, rest])}=${host}=${rest}`
}

/** Where it leads back to; undefined for what we have not written, and for what is too old. */
export function readReturnPath(localPart: string, options: ReturnPathOptions): Mailbox | undefined {
  const address = addressIn(localPart, options)
  return address === undefined ? undefined : parseMailbox(address)
}

function addressIn(localPart: string, { key, now }: ReturnPathOptions): string | undefined {
  const later = /^srs1[=+-](?<proof>[^=]+)=(?<host>[^=]+)=(?<rest>[=+-].+)$/is.exec(localPart)?.groups
  if (later !== undefined) {
    const { proof = '', host = '', rest = '' } = later
    if (!isSame(proof, hash(key, ['1', host, rest]))) return undefined
    return written(`SRS0${rest}`, host)
  }
  const first = /^srs0[=+-](?<proof>[^=]+)=(?<day>[^=]+)=(?<host>[^=]+)=(?<local>.+)$/is.exec(
    localPart,
  )?.groups
  const { proof = '', day = '', host = '', local = '' } = first ?? {}
  if (!isSame(proof, hash(key, ['0', day, host, local])) || !isRecent(day, now)) return undefined
  return written(local, host)
}

function written(localPart: string, host: string): string | undefined {
  const domain = parseDomain(host) ?? host
  return formatMailbox({ localPart, domain: domain as Mailbox['domain'] })
}

/** Hosts on the way may have changed capitals: they do not count. */
function hash(key: Uint8Array, parts: readonly string[]): string {
  const digest = createHmac('sha256', key).update(parts.join('\0').toLowerCase()).digest()
  return [...digest.subarray(0, HASH_CHARACTERS)].map((octet) => BASE32[octet & 31]).join('')
}

function isSame(proof: string, right: string): boolean {
  const [given, wanted] = [Buffer.from(proof.toUpperCase()), Buffer.from(right)]
  return given.length === wanted.length && timingSafeEqual(given, wanted)
}

function dayOf(now: number): string {
  const day = Math.floor(now / DAY_MS) % DAYS
  return `${BASE32[day >> 5]}${BASE32[day & 31]}`
}

function isRecent(day: string, now: number): boolean {
  if (!/^[A-Z2-7]{2}$/i.test(day)) return false
  const [high, low] = [0, 1].map((at) => BASE32.indexOf(day.charAt(at).toUpperCase())) as [number, number]
  const age = (Math.floor(now / DAY_MS) - (high * 32 + low)) % DAYS
  return (age + DAYS) % DAYS <= RETURN_PATH_DAYS
}
