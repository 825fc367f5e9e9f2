import { readConfigFile, type ConfigFile } from './config-file.ts'
import { environmentName, settingsOf, type ConfigOf, type PlacedSetting, type Section } from './definition.ts'
import { didYouMean } from './did-you-mean.ts'
import { inline } from './inline-yaml.ts'
import { ConfigError, type Problem } from './problem.ts'
import { redacted } from './secret.ts'
import { exampleOf, faultsOf, partNamed, type ValueFault } from './value-fault.ts'
import type { ValueType } from './value-type.ts'

export type SourceKind = 'flag' | 'environment' | 'file' | 'default'

/** Values that take part besides the file; a later source gives way to an earlier one: flag, environment, file, default. */
export interface ConfigSources {
  readonly file?: { readonly name: string; readonly text: string }
  readonly environment?: Readonly<Record<string, string | undefined>>
  /** By dotted key, with the flag's name for messages. */
  readonly flags?: Readonly<Record<string, { readonly flag: string; readonly value: unknown }>>
  /** By dotted key: defaults that are known only now, such as the host's name. */
  readonly defaults?: Readonly<Record<string, unknown>>
}

/** What a setting has come to. */
export interface ResolvedSetting extends PlacedSetting {
  /** As the program gets it. */
  readonly value: unknown
  /** As it was written; a secret is redacted. */
  readonly shown: unknown
  readonly source: SourceKind
  /** `cartero.yaml:3:14`, `CARTERO_…`, `--flag` or `default`. */
  readonly where: string
}

export interface ResolvedConfig<S extends Section = Section> {
  readonly config: ConfigOf<S>
  readonly settings: readonly ResolvedSetting[]
}

/** A rule about several settings. Says what is impossible and how to mend it; `key` is the setting to point at. */
export type ConfigRule<S extends Section> = (
  config: ConfigOf<S>,
) => Iterable<{ readonly key: string; readonly message: string; readonly fix: string }>

/** Reads all sources against the definition. Throws ConfigError with everything that is wrong, before anything is opened. */
export async function resolveConfig<S extends Section>(
  root: S,
  sources: ConfigSources = {},
  rules: readonly ConfigRule<S>[] = [],
): Promise<ResolvedConfig<S>> {
  const none: ConfigFile = { values: new Map(), problems: [] }
  const file =
    sources.file === undefined ? none : await readConfigFile(root, sources.file.name, sources.file.text)
  const placed = settingsOf(root)
  const problems = [...file.problems, ...unknownVariables(placed, sources.environment ?? {})]
  const settings = placed.map((setting) => resolveSetting(setting, written(setting, file, sources), problems))
  const config = nested(settings) as ConfigOf<S>
  if (problems.length === 0) problems.push(...brokenRules(config, settings, rules))
  if (problems.length > 0) throw new ConfigError(problems)
  return { config, settings }
}

/** The setting by its dotted key. */
export function settingNamed(settings: readonly ResolvedSetting[], key: string): ResolvedSetting | undefined {
  return settings.find((setting) => setting.key === key)
}

interface Written {
  readonly raw: unknown
  readonly source: SourceKind
  readonly at: (part?: readonly PropertyKey[]) => string
}

/** The value that counts: flag before environment before file before default. */
function written({ path, key, setting }: PlacedSetting, file: ConfigFile, sources: ConfigSources): Written {
  const given = sources.flags?.[key]
  if (given !== undefined) return { raw: given.value, source: 'flag', at: () => given.flag }
  const variable = environmentName(path)
  const text = sources.environment?.[variable]
  if (text !== undefined) return { raw: text, source: 'environment', at: () => variable }
  const inFile = file.values.get(key)
  if (inFile !== undefined) return { ...inFile, source: 'file' }
  const fallback =
    sources.defaults !== undefined && key in sources.defaults ? sources.defaults[key] : setting.default
  return { raw: fallback, source: 'default', at: () => 'default' }
}

function resolveSetting(
  placed: PlacedSetting,
  { raw, source, at }: Written,
  problems: Problem[],
): ResolvedSetting {
  const { type } = placed.setting
  const shown = type.isSecret && raw !== undefined ? redacted(raw) : raw
  const head = { ...placed, shown, source, where: at() }
  if (raw === undefined && source === 'default') return { ...head, value: undefined }
  const parsed = parse(type, raw, source)
  if ('value' in parsed) return { ...head, value: parsed.value }
  for (const { part, message, fix } of parsed.faults)
    problems.push({
      where: at(part),
      key: partNamed(placed.key, part),
      message,
      fix: fix ?? `write for example ${exampleLine(placed, part)}`,
    })
  return { ...head, value: undefined }
}

type Parsed = { readonly value: unknown } | { readonly faults: readonly ValueFault[] }

/** Text from outside the file is taken as it is, or else as JSON (`true`, `5`, `["a"]`). */
function parse(type: ValueType<unknown>, raw: unknown, source: SourceKind): Parsed {
  const outcome = type.schema.safeParse(raw)
  if (outcome.success) return { value: outcome.data }
  if (typeof raw === 'string' && source !== 'file') {
    const json = fromJson(raw)
    const again = type.schema.safeParse(json)
    if (again.success) return { value: again.data }
    if (typeof json === 'object' && json !== null) return { faults: faultsOf(type, json, again.error.issues) }
  }
  return { faults: faultsOf(type, raw, outcome.error.issues) }
}

function fromJson(raw: string): unknown {
  try {
    return JSON.parse(raw) as unknown
  } catch {
    return undefined
  }
}

function exampleLine({ path, setting }: PlacedSetting, part: readonly PropertyKey[]): string {
  const example = setting.example ?? setting.default
  const name = part.at(-1)
  const value = typeof name === 'string' ? exampleOf(example, part) : undefined
  return value === undefined
    ? `${path.at(-1) ?? ''}: ${inline(example)}`
    : `${String(name)}: ${inline(value)}`
}

/** A misspelt variable would be ignored in silence; nested names are ours alone. */
function unknownVariables(
  placed: readonly PlacedSetting[],
  environment: Readonly<Record<string, string | undefined>>,
): Problem[] {
  const known = placed.map(({ path }) => environmentName(path))
  return Object.keys(environment)
    .filter((name) => name.startsWith('CARTERO_') && name.includes('__') && !known.includes(name))
    .map((name) => {
      const near = didYouMean(name, known)
      const fix =
        near === undefined ? 'unset it; "cartero config example" shows all keys' : `did you mean ${near}?`
      return { where: name, key: '', message: 'there is no such key', fix }
    })
}

function nested(settings: readonly ResolvedSetting[]): unknown {
  const root: Record<string, unknown> = {}
  for (const { path, value } of settings) {
    let place = root
    for (const name of path.slice(0, -1)) place = (place[name] ??= {}) as Record<string, unknown>
    place[path.at(-1) as string] = value
  }
  return root
}

function brokenRules<S extends Section>(
  config: ConfigOf<S>,
  settings: readonly ResolvedSetting[],
  rules: readonly ConfigRule<S>[],
): Problem[] {
  return rules.flatMap((rule) =>
    Array.from(rule(config), (problem) => ({
      where: settingNamed(settings, problem.key)?.where ?? 'default',
      ...problem,
    })),
  )
}
