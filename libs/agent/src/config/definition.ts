import type { ValueType } from './value-type.ts'

/** What one key may hold, and all that is said about it anywhere: in the manual, the example file and the errors. */
export interface Setting<T> {
  readonly kind: 'setting'
  readonly type: ValueType<T>
  /** As it would be written in the file; undefined when there is none. */
  readonly default: unknown
  /** One or more sentences. */
  readonly doc: string
  /** A value that an operator may really write; the default when absent. */
  readonly example?: unknown
}

/** Keys that belong together. */
export interface Section<K extends Keys = Keys> {
  readonly kind: 'section'
  readonly doc: string
  readonly keys: K
  /** Keys that people look for here although they live elsewhere, with the sentence that says where. */
  readonly elsewhere: Readonly<Record<string, string>>
}

export type Keys = Readonly<Record<string, Setting<unknown> | Section>>

/** The configuration that a definition describes, as the program gets it. */
export type ConfigOf<D> =
  D extends Setting<infer T>
    ? T
    : D extends Section<infer K>
      ? { readonly [P in keyof K]: ConfigOf<K[P]> }
      : never

interface Prose {
  readonly doc: string
  readonly example?: unknown
}

/** A key with a default. The default is written as in the file (`5m`, `50MB`). */
export function setting<T>(type: ValueType<T>, prose: Prose & { readonly default: unknown }): Setting<T> {
  return { kind: 'setting', type, ...prose }
}

/** A key that may be absent. */
export function optional<T>(type: ValueType<T>, prose: Prose): Setting<T | undefined> {
  return { kind: 'setting', type, default: undefined, ...prose }
}

export function section<const K extends Keys>(
  doc: string,
  keys: K,
  elsewhere: Readonly<Record<string, string>> = {},
): Section<K> {
  return { kind: 'section', doc, keys, elsewhere }
}

/** A setting with its place: `['smtp', 'messageSize']`. */
export interface PlacedSetting {
  readonly path: readonly string[]
  readonly key: string
  readonly setting: Setting<unknown>
}

/** All settings, in the order of the definition. */
export function settingsOf(root: Section, path: readonly string[] = []): PlacedSetting[] {
  return Object.entries(root.keys).flatMap(([name, entry]) => {
    const place = [...path, name]
    if (entry.kind === 'section') return settingsOf(entry, place)
    return [{ path: place, key: place.join('.'), setting: entry }]
  })
}

/** `message_size` is `messageSize`: a key may be written in either way, and has one name. */
export function camelCase(name: string): string {
  return name.replaceAll(/(?<=[a-z0-9])_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
}

/** `smtp.messageSize` is `CARTERO_SMTP__MESSAGE_SIZE`. */
export function environmentName(path: readonly string[]): string {
  const words = path.map((name) => name.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase())
  return `CARTERO_${words.join('__')}`
}
