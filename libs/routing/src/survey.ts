import type { Candidate, Located } from './locate-host.ts'
import type { MailHost } from './ports.ts'

/** What was found of all hosts of a destination. */
export interface Survey {
  readonly hosts: readonly MailHost[]
  /** Why there are none; means nothing when there are. */
  readonly verdict: Exclude<Located['kind'], 'found'>
  readonly steps: readonly string[]
}

/** What may be otherwise later is said rather than what is for good: nobody loses mail because a name server is down. */
const WEIGHTS: Readonly<Record<Survey['verdict'], number>> = {
  unknown: 0,
  otherFamily: 1,
  ours: 2,
  unusable: 3,
  noAddress: 4,
  noName: 5,
}

/** Where we are one of the hosts ourselves, only those that are preferred to us are left: mail goes towards them, never round. */
// RFC 5321 §5.1
export function survey(candidates: readonly Candidate[], located: readonly Located[]): Survey {
  const ours = candidates.filter((_, i) => located[i]!.kind === 'ours').map(({ preference }) => preference)
  const limit = Math.min(...ours, Infinity)
  const steps = located.map(({ step }) => step)
  if (ours.length > 0)
    steps.push(`hosts of preference ${limit} and above are left out, lest mail go in a circle`)
  const before = located.filter((_, i) => candidates[i]!.preference < limit)
  const hosts = before.flatMap((one) => (one.kind === 'found' ? [one.host] : []))
  return { hosts, verdict: verdictOn(before, ours.length > 0), steps }
}

function verdictOn(located: readonly Located[], isOurs: boolean): Survey['verdict'] {
  const kinds = located.map(({ kind }) => kind).filter((kind) => kind !== 'found')
  if (isOurs) kinds.push('ours')
  return kinds.toSorted((a, b) => WEIGHTS[a] - WEIGHTS[b])[0] ?? 'noName'
}
