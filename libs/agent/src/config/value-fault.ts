import type { z } from 'zod'

import { didYouMean } from './did-you-mean.ts'
import { inline } from './inline-yaml.ts'
import { redacted } from './secret.ts'
import { itemsOf, type ValueType } from './value-type.ts'

/** What is wrong with a value, or with a part of it. */
export interface ValueFault {
  /** Where in what was written; empty for the whole. */
  readonly part: readonly PropertyKey[]
  readonly message: string
  /** Undefined: an example says it best. */
  readonly fix?: string
}

type Issue = z.core.$ZodIssue

/** All that is wrong with what was written, each where it is, and without the rest, which may be long or a secret. */
export function faultsOf(
  type: ValueType<unknown>,
  raw: unknown,
  issues: readonly Issue[],
): readonly ValueFault[] {
  return issues.flatMap((issue) => {
    const place = placeOf({ type, written: raw, part: [], isSecret: false }, issue.path)
    if (issue.code === 'unrecognized_keys') return issue.keys.map((name) => unknownName(place, name))
    return isMisspelt(place, issue, issues) ? [] : [wrongValue(place, issue)]
  })
}

/** A value and what it should be. */
interface Place {
  readonly type: ValueType<unknown>
  readonly written: unknown
  /** As it was written: one value that stands for a list of one has no number. */
  readonly part: readonly PropertyKey[]
  readonly isSecret: boolean
  /** It is a name that has no value. */
  readonly isAbsent?: true
}

function placeOf(above: Place, path: readonly PropertyKey[]): Place {
  const place = { ...above, isSecret: above.isSecret || above.type.isSecret === true }
  const [step, ...rest] = path
  if (step === undefined) return place
  const next = place.type.item === undefined ? fieldOf(place, step) : itemOf(place, place.type.item, step)
  return next === undefined ? place : placeOf(next, rest)
}

function itemOf({ written, part, isSecret }: Place, item: ValueType<unknown>, step: PropertyKey): Place {
  return {
    type: item,
    written: itemsOf(written)[Number(step)],
    part: Array.isArray(written) ? [...part, step] : part,
    isSecret,
  }
}

function fieldOf({ type, written, part, isSecret }: Place, step: PropertyKey): Place | undefined {
  const field = type.fields?.[String(step)]
  if (field === undefined) return undefined
  const value = (written as Readonly<Record<PropertyKey, unknown>>)[step]
  return {
    type: field,
    written: value,
    part: [...part, step],
    isSecret,
    ...(value === undefined && { isAbsent: true }),
  }
}

function unknownName({ type, part }: Place, name: string): ValueFault {
  const names = Object.keys(type.fields ?? {})
  const near = didYouMean(name, names)
  return {
    part: [...part, name],
    message: 'there is no such key',
    fix: near === undefined ? `the keys here are ${names.join(', ')}` : `did you mean ${near}?`,
  }
}

/** A name that is needed and stands there in another spelling: that is told once. */
function isMisspelt({ isAbsent }: Place, { path }: Issue, issues: readonly Issue[]): boolean {
  if (isAbsent !== true) return false
  const [name, around] = [String(path.at(-1)), JSON.stringify(path.slice(0, -1))]
  return issues.some(
    (other) =>
      other.code === 'unrecognized_keys' &&
      JSON.stringify(other.path) === around &&
      other.keys.some((written) => didYouMean(written, [name]) !== undefined),
  )
}

function wrongValue({ type, written, part, isSecret, isAbsent }: Place, issue: Issue): ValueFault {
  if (isAbsent === true) return { part, message: `is missing; it takes ${type.expected}` }
  // What cannot be looked up says why.
  if (isSecret && issue.code === 'custom') return { part, message: issue.message }
  const found = isSecret || mayHoldSecrets(type) ? redacted(written) : withoutSecrets(written)
  return { part, message: `expected ${expectedOf(type)}, found ${inline(found)}` }
}

/** Of what has many parts, their names: the example shows the rest. */
function expectedOf({ expected, fields }: ValueType<unknown>): string {
  return fields === undefined ? expected : `{ ${Object.keys(fields).join(', ')} }`
}

/** What is there instead of the parts that it should have cannot be told apart. */
function mayHoldSecrets({ isSecret, item, fields = {} }: ValueType<unknown>): boolean {
  const parts = item === undefined ? Object.values(fields) : [item]
  return isSecret === true || parts.some(mayHoldSecrets)
}

const SECRET_NAME = /pass|pwd|secret|token|credential/i

/** What may be shown of a value that is not what it should be, so that only the names in it tell what they were meant for. */
export function withoutSecrets(raw: unknown): unknown {
  if (Array.isArray(raw)) return raw.map(withoutSecrets)
  if (typeof raw !== 'object' || raw === null) return raw
  const entries = Object.entries(raw).map(([name, value]) => [
    name,
    SECRET_NAME.test(name) ? redacted(value) : withoutSecrets(value),
  ])
  return Object.fromEntries(entries) as unknown
}

/** The part of an example that stands for the same part of a value; of a list, that of the first item which has it. */
export function exampleOf(example: unknown, part: readonly PropertyKey[]): unknown {
  const [step, ...rest] = part
  if (step === undefined) return example
  if (Array.isArray(example)) {
    const within = typeof step === 'number' ? rest : part
    return example.map((item) => exampleOf(item, within)).find((found) => found !== undefined)
  }
  if (typeof example !== 'object' || example === null || !Object.hasOwn(example, step)) return undefined
  return exampleOf((example as Readonly<Record<PropertyKey, unknown>>)[step], rest)
}

/** `callers[1].name` */
export function partNamed(key: string, part: readonly PropertyKey[]): string {
  return part.reduce<string>(
    (name, step) => (typeof step === 'number' ? `${name}[${step}]` : `${name}.${String(step)}`),
    key,
  )
}
