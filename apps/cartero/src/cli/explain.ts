import { callControl } from '@cartero/agent/admin'
import type { Command } from 'commander'

import { EXPLAIN, type Explanation, type WayExplained } from '../explain-verbs.ts'
import type { CustomerExplained } from '../explain-customers.ts'
import { plain, print, printJson } from './output.ts'
import { runningSystem, withSystemOptions, type SystemOptions } from './reach-system.ts'
import { deliveries, shortSize, span } from './span.ts'

export function registerExplain(program: Command): void {
  withSystemOptions(
    program
      .command('explain')
      .description('what would happen now to mail for an address: mailbox, hosts, TLS, and why'),
  )
    .argument('<address>', 'for example you@example.org')
    .action(explain)
}

/** Milliseconds that the DNS and the policies of others may take. */
const PATIENCE = 60_000

async function explain(address: string, options: SystemOptions): Promise<void> {
  const { controlSocket } = await runningSystem(options)
  const signal = AbortSignal.timeout(PATIENCE)
  const explanation = (await callControl(controlSocket, EXPLAIN, { address }, signal)) as Explanation
  if (options.output === 'json') return printJson(explanation)
  print(linesOf(explanation, Date.now()).map(plain).join('\n'))
}

const VERDICTS: Readonly<Record<Explanation['verdict'], string>> = {
  mailbox: 'is delivered here',
  customer: 'waits here until its customer comes for it',
  noSuchUser: 'is refused: the domain is ours, and nobody has the address',
  notOurs: 'goes elsewhere: the domain is not ours',
  aliasLoop: 'is refused: its aliases lead in a circle, or to too many',
  disabled: 'is refused: the account is disabled',
  rule: 'goes by a rule, whoever has the address here',
}

/** For people; `now` in milliseconds since the epoch. */
export function linesOf(explanation: Explanation, now: number): string[] {
  const { address, rewritten, verdict, mailboxes, customers, ways, conclusions } = explanation
  const isForwarded = verdict === 'mailbox' && ways.length + customers.length > 0
  const told = isForwarded && mailboxes.length === 0 ? 'is forwarded' : VERDICTS[verdict]
  return [
    ...conclusions.map((conclusion) => `mail for ${address} ${conclusion}`),
    '',
    `${address} ${told}`,
    ...(rewritten === undefined ? [] : [`  it is the postmaster of this host, and taken as <${rewritten}>`]),
    ...mailboxes.map(({ account, detail }) =>
      detail === undefined ? `  mailbox ${account}` : `  mailbox ${account}, detail ${detail}`,
    ),
    ...customers.flatMap((customer) => customerLines(customer, now)),
    ...ways.flatMap((way) => wayLines(way, now)),
  ]
}

function wayLines(way: WayExplained, now: number): string[] {
  const { recipient, destination, by, rule, login, limits, waiting } = way
  const cause = by === 'rule' ? `because of the rule for ${rule}` : 'which no rule changes'
  if (destination === undefined) return ['', `for ${recipient}: nobody may write there, ${cause}`]
  return [
    '',
    `for ${recipient}: ${placeOf(destination)}, ${cause}`,
    ...(login === undefined ? [] : [`  the route logs in as ${login}`]),
    ...hostLines(way),
    ...(limits === undefined ? [] : [limitsLine(limits)]),
    ...(waiting === undefined ? [] : waitingLines(waiting, now)),
  ]
}

function customerLines(customer: CustomerExplained, now: number): string[] {
  const { recipient, account, deliveries: count, octets, quota, keepSeconds, lastTurn } = customer
  const last =
    lastTurn === undefined
      ? 'nobody is remembered who came for any'
      : `last taken ${span(now - lastTurn.at)} ago by ${lastTurn.account} from ${lastTurn.peer}: ${deliveries(lastTurn.messages)}, ${lastTurn.how}`
  return [
    '',
    `for ${recipient}: kept for ${account === '' ? '(nobody any more)' : account}, given back after ${span(keepSeconds * 1_000)}`,
    `  waiting: ${deliveries(count)}, ${shortSize(octets)} of ${shortSize(quota)} octets`,
    `  ${last}`,
  ]
}

const VIA = 'via '

function placeOf(destination: string): string {
  if (destination.startsWith(VIA)) return `by the route ${destination.slice(VIA.length)}`
  return `to the hosts that the DNS names for ${destination}`
}

function hostLines({ hosts, tls }: WayExplained): string[] {
  if (hosts === undefined) return []
  const lines = hosts.steps.map((step) => `  ${step}`)
  if (hosts.kind === 'none') return lines
  const found = hosts.hosts.map(({ name, port, preference, addresses, isValidated }, i) => {
    const rank = hosts.by === 'mx' ? `, preference ${preference}` : ''
    const validated = isValidated ? ', validated by DNSSEC' : ''
    const policy = tls?.hosts[i]
    return [
      `  host ${name}:${port}${rank}${validated}: ${addresses.join(', ')}`,
      ...(policy === undefined ? [] : [`    ${policy}`]),
    ]
  })
  const why = tls === undefined ? [] : tls.steps.map((step) => `  ${step}`)
  const testing = tls?.isTestingOnly ? ['  the policy is only tested: what it would refuse is sent'] : []
  return [...lines, ...found.flat(), ...why, ...testing]
}

function limitsLine({ connections, messagesPerMinute }: NonNullable<WayExplained['limits']>): string {
  const rate = messagesPerMinute === 0 ? 'any number of messages' : `${messagesPerMinute} messages a minute`
  return `  at most ${connections} ${connections === 1 ? 'connection' : 'connections'}, ${rate}`
}

function waitingLines(
  { deliveries: count, octets, reason, nextTry }: NonNullable<WayExplained['waiting']>,
  now: number,
): string[] {
  const next =
    nextTry === undefined ? '' : `, next try ${nextTry <= now ? 'now' : `in ${span(nextTry - now)}`}`
  return [
    `  waiting: ${deliveries(count)}, ${shortSize(octets)} octets${next}`,
    ...(reason === undefined ? [] : [`    ${reason}`]),
    ...(reason !== undefined && UNTRUSTED.test(reason) ? [`    ${TRUST}`] : []),
  ]
}

/** Codes of certificates that an operator can decide to believe. */
const UNTRUSTED = /\((?:DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_\w+)\)/

const TRUST =
  'to believe it, put it, or the certificate of who signed it, into the file of relay.tls.authorities, beside the public authorities'
