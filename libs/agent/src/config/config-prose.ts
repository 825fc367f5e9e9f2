import { camelCase, environmentName, settingsOf, type Section } from './definition.ts'
import { didYouMean } from './did-you-mean.ts'
import { inline } from './inline-yaml.ts'
import { settingNamed, type ResolvedConfig, type ResolvedSetting } from './resolve-config.ts'

const WIDTH = 110

/**
 * Every key with its documentation, commented out at its default. The text is a valid configuration as it is, and stays
 * one when any line is uncommented. Where the default shows little, an example stands above it.
 */
export function exampleConfig(root: Section): string {
  return `${comment(root.doc, '')}\n${exampleOf(root, '')}`
}

function exampleOf(section: Section, indent: string): string {
  const blocks = Object.entries(section.keys).map(([name, entry]) => {
    if (entry.kind === 'section') {
      return `${comment(entry.doc, indent)}${indent}${name}:\n${exampleOf(entry, `${indent}  `)}`
    }
    const { doc, example, default: value = example } = entry
    const shown =
      value === example || example === undefined ? '' : comment(`For example: ${inline(example)}`, indent)
    return `${comment(`${doc} ${kindOf(entry)}`, indent)}${shown}${indent}#${name}: ${inline(value)}\n`
  })
  return blocks.join(indent === '' ? '\n' : '')
}

function kindOf(setting: {
  readonly type: { readonly expected: string }
  readonly default: unknown
}): string {
  const fallback = setting.default === undefined ? 'None by default.' : ''
  return `Takes ${setting.type.expected}. ${fallback}`.trimEnd()
}

function comment(text: string, indent: string): string {
  const lines: string[] = ['']
  for (const word of text.split(/\s+/)) {
    const line = lines.at(-1) ?? ''
    if (indent.length + line.length + word.length + 3 > WIDTH) lines.push(word)
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`
  }
  return lines.map((line) => `${indent}# ${line}\n`).join('')
}

/** The configuration as YAML, secrets redacted; `onlyChanged` leaves defaults out. */
export function showConfig({ settings }: ResolvedConfig, options: { readonly onlyChanged: boolean }): string {
  const shown = settings.filter((setting) =>
    options.onlyChanged ? setting.source !== 'default' : setting.shown !== undefined,
  )
  const lines: string[] = []
  let open: readonly string[] = []
  for (const { path, shown: value } of shown) {
    const sections = path.slice(0, -1)
    const common = sections.findIndex((name, depth) => open[depth] !== name)
    const from = common === -1 ? sections.length : common
    for (let depth = from; depth < sections.length; depth++)
      lines.push(`${'  '.repeat(depth)}${sections[depth]}:`)
    open = sections
    lines.push(`${'  '.repeat(sections.length)}${path.at(-1)}: ${inline(value)}`)
  }
  return lines.map((line) => `${line}\n`).join('')
}

/** Value, source, default and documentation of a key; of all keys of a section. Undefined when there is no such key. */
export function explainKey({ settings }: ResolvedConfig, written: string): string | undefined {
  const key = camelCase(written)
  const one = settingNamed(settings, key)
  if (one !== undefined) return explainOne(one)
  const within = settings.filter((setting) => setting.key.startsWith(`${key}.`))
  return within.length === 0 ? undefined : within.map(explainOne).join('\n')
}

/** The key that was probably meant. */
export function nearestKey(root: Section, key: string): string | undefined {
  const keys = settingsOf(root).map((placed) => placed.key)
  return didYouMean(key, keys) ?? keys.find((known) => known.endsWith(`.${key}`))
}

function explainOne({ key, path, setting, shown, where }: ResolvedSetting): string {
  const lines = [
    key,
    `  value    ${shown === undefined ? '(none)' : inline(shown)}   from ${where}`,
    `  default  ${setting.default === undefined ? '(none)' : inline(setting.default)}`,
    `  takes    ${setting.type.expected}`,
    ...(setting.example === undefined ? [] : [`  example  ${inline(setting.example)}`]),
    `  env      ${environmentName(path)}`,
    `  ${setting.doc}`,
  ]
  return `${lines.join('\n')}\n`
}
