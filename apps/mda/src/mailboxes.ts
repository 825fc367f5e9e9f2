import type { AppendOutcome, MailStore, NewMessage } from '@cartero/mailstore'

/** An account that the directory knows and the mailstore does not yet gets its mailboxes now. Outcomes in order. */
export async function appendTo(
  mailStore: Pick<MailStore, 'append' | 'provision'>,
  messages: readonly NewMessage[],
  options?: { readonly allOrNothing?: boolean },
): Promise<AppendOutcome[]> {
  const outcomes = [...(await mailStore.append(messages, options))]
  const homeless = outcomes.flatMap((outcome, i) => (outcome.kind === 'noAccount' ? [i] : []))
  if (homeless.length === 0) return outcomes
  for (const account of new Set(homeless.map((i) => messages[i]!.account))) await mailStore.provision(account)
  const again = await mailStore.append(
    homeless.map((i) => messages[i]!),
    options,
  )
  homeless.forEach((i, n) => (outcomes[i] = again[n]!))
  return outcomes
}
