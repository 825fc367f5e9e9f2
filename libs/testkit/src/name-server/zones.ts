import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { command } from '../command.ts'

/** A zone as the test wants it. */
export interface ServedZone {
  /** Records in the form of a master file, relative to the zone; SOA and NS are added where they are missing, as is a TTL of 300. */
  readonly text: string
  /** Whether it is signed, and the resolver has its key. */
  readonly isSigned?: boolean
  /** What of a signed zone has signatures that do not fit, as `name type`: `@ MX`, `_25._tcp.mx TLSA`. */
  readonly forged?: readonly string[]
}

/** By name. A text alone is a zone that is not signed. */
export type NameServerZones = Readonly<Record<string, string | ServedZone>>

/** A zone that is ready to be served. */
export interface LoadedZone {
  readonly name: string
  readonly file: string
  /** The key by which its signatures are verified, as a trust anchor is written; absent where it is not signed. */
  readonly anchor?: string
}

/** Writes the zone into the folder, signed if that is wanted. Rejects with what the signing programs complained of. */
export async function loadedZone(
  folder: string,
  name: string,
  zone: string | ServedZone,
): Promise<LoadedZone> {
  const { text, isSigned = false, forged = [] } = typeof zone === 'string' ? { text: zone } : zone
  const file = join(folder, `${name}.zone`)
  writeFileSync(file, completed(name, text))
  if (!isSigned) return { name, file }
  const key = (
    await run('dnssec-keygen', ['-q', '-K', folder, '-a', 'ECDSAP256SHA256', '-f', 'KSK', name])
  ).trim()
  const dnskey = readFileSync(join(folder, `${key}.key`), 'utf8')
  writeFileSync(file, completed(name, text) + dnskey)
  const signed = `${file}.signed`
  await run('dnssec-signzone', [
    '-q',
    '-P',
    '-z',
    '-d',
    folder,
    '-o',
    name,
    '-O',
    'full',
    '-f',
    signed,
    file,
    join(folder, key),
  ])
  writeFileSync(signed, withForged(readFileSync(signed, 'utf8'), name, forged))
  const [, numbers, octets] = / DNSKEY (\d+ \d+ \d+) (.+)/.exec(dnskey)!
  return { name, file: signed, anchor: `"${name}" static-key ${numbers} "${octets}";` }
}

function completed(name: string, text: string): string {
  const start = `$ORIGIN ${name === '.' ? '' : name}.\n$TTL 300\n`
  const apex = `@ SOA ns.invalid. hostmaster.invalid. 1 3600 600 86400 60\n@ NS ns.invalid.\n`
  return `${start}${/\sSOA\s/i.test(text) ? '' : apex}${text}\n`
}

function withForged(zone: string, origin: string, forged: readonly string[]): string {
  return forged.reduce((text, what) => {
    const [label = '', type = ''] = what.split(' ')
    const owner = label === '@' ? `${origin}.` : `${label}.${origin}.`
    const spoiled = text
      .split('\n')
      .map((line) => (isSignature(line, owner, type) ? line.replace(/(\. )\S{8}/, '$1AAAAAAAA') : line))
      .join('\n')
    if (spoiled === text) throw new Error(`there is no ${type} of ${owner} to forge`)
    return spoiled
  }, zone)
}

function isSignature(line: string, owner: string, type: string): boolean {
  const [name, , , kind, covered] = line.split(/\s+/)
  return name === owner && kind === 'RRSIG' && covered === type
}

async function run(program: string, args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await command(program, args)
  if (code !== 0) throw new Error(`${program} failed:\n${stderr}`)
  return stdout.toString()
}
