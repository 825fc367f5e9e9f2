import { z } from 'zod'

/** The values of a setting: how they are checked and what is said when they are wrong. */
export interface ValueType<T> {
  /** Read after "expected": `a duration such as 5m`. */
  readonly expected: string
  /** Takes what YAML gives, or text from the environment or a flag. */
  readonly schema: z.ZodType<T>
  /** What was written is shown nowhere. */
  readonly isSecret?: true
  /** Of a list: what each of its values is. */
  readonly item?: ValueType<unknown>
  /** Of values that have names: what each of them is. */
  readonly fields?: Readonly<Record<string, ValueType<unknown>>>
}

export function text(expected: string, pattern: RegExp = /^.+$/su): ValueType<string> {
  return { expected, schema: z.string().regex(pattern) }
}

export function integer(range: { readonly min: number; readonly max: number }): ValueType<number> {
  return {
    expected: `a whole number from ${range.min} to ${range.max}`,
    schema: z.int().min(range.min).max(range.max),
  }
}

export const flag: ValueType<boolean> = { expected: 'true or false', schema: z.boolean() }

export function choice<const C extends string>(choices: readonly [C, ...C[]]): ValueType<C> {
  const last = choices.at(-1)
  const expected = choices.length === 1 ? choices[0] : `${choices.slice(0, -1).join(', ')} or ${last}`
  return { expected, schema: z.enum(choices) }
}

/** Several values; one alone need not be put into brackets, and text is split at commas. */
export function list<T>(item: ValueType<T>): ValueType<readonly T[]> {
  return {
    expected: `a list in which each item is ${item.expected}`,
    // What is missing is no list of one.
    schema: z.preprocess((raw) => (raw === undefined ? raw : itemsOf(raw)), z.array(item.schema)),
    item,
  }
}

/** What was written, as a list. */
export function itemsOf(raw: unknown): readonly unknown[] {
  if (typeof raw === 'string') return raw.split(',').map((part) => part.trim())
  return Array.isArray(raw) ? raw : [raw]
}

type Fields = Readonly<Record<string, ValueType<unknown>>>
type ValueOf<F> = F extends ValueType<infer T> ? T : never

/**
 * Values that belong together, each with its name: `{ certificate: /c.pem, key: /k.pem }`. All of `fields` are needed, those of
 * `others` may be left out, and there are no more.
 */
export function record<const F extends Fields, const O extends Fields = Record<string, never>>(
  fields: F,
  others: O = {} as O,
): ValueType<
  { readonly [P in keyof F]: ValueOf<F[P]> } & { readonly [P in keyof O]?: ValueOf<O[P]> | undefined }
> {
  type Value = { readonly [P in keyof F]: ValueOf<F[P]> } & {
    readonly [P in keyof O]?: ValueOf<O[P]> | undefined
  }
  const needed = Object.entries(fields).map(([name, { schema }]) => [name, schema])
  const optional = Object.entries(others).map(([name, { schema }]) => [name, schema.optional()])
  const shape = [
    ...Object.entries(fields).map(([name, { expected }]) => `${name}: ${expected}`),
    ...Object.entries(others).map(([name, { expected }]) => `${name}?: ${expected}`),
  ]
  return {
    expected: `{ ${shape.join(', ')} }`,
    schema: z.strictObject(Object.fromEntries([...needed, ...optional])) as unknown as z.ZodType<Value>,
    fields: { ...fields, ...others },
  }
}

/** The same, and what was written instead of it may be a secret: it is shown nowhere. */
export function concealed<T>(type: ValueType<T>): ValueType<T> {
  return { ...type, isSecret: true }
}

/** A type whose values are written in a notation of their own; `parse` gives undefined for what it cannot read. */
export function notation<T>(expected: string, parse: (raw: string) => T | undefined): ValueType<T> {
  const schema = z.union([z.string(), z.number()]).transform((raw, context) => {
    const value = parse(String(raw))
    if (value !== undefined) return value
    context.addIssue({ code: 'custom', message: expected })
    return z.NEVER
  })
  return { expected, schema }
}
