import { formatProxied, type ProxiedClient, type ProxiedCommand } from '../verb/proxied.ts'

export type { ProxiedClient }

/** Octets of a command line without its CRLF; what does not fit goes into a line more. */
// RFC 5321 §4.5.3.1.4
const LINE = 510

/**
 * The lines that say whom we speak for, in as far as the server wants to know.
 * @param offered the names behind the keyword in the EHLO answer; undefined when it was not offered
 */
export function proxiedLines(
  verb: ProxiedCommand['verb'],
  client: ProxiedClient,
  offered: string | undefined,
): readonly string[] {
  const wanted = new Set(offered?.toUpperCase().split(/ +/))
  const lines: string[] = []
  for (const [field, value] of Object.entries(client)) {
    const word = formatProxied({ verb, client: { [field]: value } }).slice(verb.length)
    if (!wanted.has(word.slice(1, word.indexOf('=')))) continue
    const line = lines.at(-1)
    if (line === undefined || line.length + word.length > LINE) lines.push(`${verb}${word}`)
    else lines[lines.length - 1] = line + word
  }
  return lines
}
