import { formatProxied, type ProxiedClient, type ProxiedCommand } from '../verb/proxied.ts'
import { COMMAND_LINE_OCTETS } from './limits.ts'

/**
 * The lines that say whom we speak for, in as far as the server wants to know; what does not fit goes into a line more.
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
    if (line === undefined || line.length + word.length > COMMAND_LINE_OCTETS) lines.push(`${verb}${word}`)
    else lines[lines.length - 1] = line + word
  }
  return lines
}
