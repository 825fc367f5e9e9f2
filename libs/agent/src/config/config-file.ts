import type { Document, LineCounter, Node, Pair, YAMLMap, YAMLSeq } from 'yaml'

import { camelCase, settingsOf, type Section } from './definition.ts'
import { didYouMean } from './did-you-mean.ts'
import { inline } from './inline-yaml.ts'
import type { Problem } from './problem.ts'
import { withoutSecrets } from './value-fault.ts'

/** A value that the file has for a setting. */
export interface WrittenValue {
  readonly raw: unknown
  /** `cartero.yaml:3:14`, of the value or of a part of it. */
  readonly at: (part?: readonly PropertyKey[]) => string
}

export interface ConfigFile {
  readonly values: ReadonlyMap<string, WrittenValue>
  readonly problems: readonly Problem[]
}

/** Reads YAML 1.2 (JSON is YAML, too) against the definition: which settings it has, and which keys mean nothing. */
export async function readConfigFile(root: Section, name: string, text: string): Promise<ConfigFile> {
  const { parseDocument, LineCounter, isCollection, isMap, isNode, isScalar } = await import('yaml')
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const reader = new FileReader(name, document, lines, { isCollection, isMap, isNode, isScalar })
  for (const { code, message, pos } of document.errors) reader.syntaxProblem(code, message, pos[0])
  if (document.errors.length === 0 && document.contents !== null) reader.section(root, [], document.contents)
  return reader
}

interface NodeTests {
  readonly isMap: (node: unknown) => node is YAMLMap
  readonly isNode: (node: unknown) => node is Node
  readonly isCollection: (node: unknown) => node is YAMLMap | YAMLSeq
  readonly isScalar: (node: unknown) => boolean
}

class FileReader implements ConfigFile {
  readonly values = new Map<string, WrittenValue>()
  readonly problems: Problem[] = []
  readonly #name: string
  readonly #document: Document
  readonly #lines: LineCounter
  readonly #tests: NodeTests

  constructor(name: string, document: Document, lines: LineCounter, tests: NodeTests) {
    this.#name = name
    this.#document = document
    this.#lines = lines
    this.#tests = tests
  }

  syntaxProblem(code: string, message: string, offset: number): void {
    const fix =
      code === 'DUPLICATE_KEY'
        ? 'keep one of the two'
        : 'mend the YAML: sections are indented with blanks, never with tabs'
    this.problems.push({
      where: this.#place(offset),
      key: '',
      message: message.split('\n')[0] ?? message,
      fix,
    })
  }

  section(section: Section, path: readonly string[], node: unknown): void {
    if (node === null || (this.#tests.isScalar(node) && (node as { value: unknown }).value === null)) return
    if (!this.#tests.isMap(node)) {
      const message = `expected a section with keys, found ${inline(withoutSecrets(this.#valueOf(node)))}`
      const fix = `write keys below it: ${Object.keys(section.keys).join(', ')}`
      this.problems.push({ where: this.#place(this.#offsetOf(node)), key: path.join('.'), message, fix })
      return
    }
    const names = new Map<string, string>()
    for (const pair of node.items) this.#entry(section, path, pair, names)
  }

  /** @param names the keys of this section that were read, with the spelling of each */
  #entry(section: Section, path: readonly string[], { key, value }: Pair, names: Map<string, string>): void {
    const written = String(this.#valueOf(key))
    const name = Object.hasOwn(section.keys, written) ? written : camelCase(written)
    const entry = Object.hasOwn(section.keys, name) ? section.keys[name] : undefined
    if (entry === undefined) return this.#unknownKey(section, [...path, written], key)
    const other = names.get(name)
    if (other !== undefined) return this.#sameKey(key, [...path, written], other)
    names.set(name, written)
    const place = [...path, name]
    if (entry.kind === 'section') return this.section(entry, place, value)
    const at = (part: readonly PropertyKey[] = []): string =>
      this.#place(this.#offsetOf(this.#partOf(value, part) ?? value ?? key))
    this.values.set(place.join('.'), { raw: this.#valueOf(value), at })
  }

  /** YAML sees two keys where we see one. */
  #sameKey(key: unknown, place: readonly string[], other: string): void {
    this.problems.push({
      where: this.#place(this.#offsetOf(key)),
      key: place.join('.'),
      message: `is the same key as ${other}, which is there already`,
      fix: 'keep one of the two',
    })
  }

  #unknownKey(section: Section, place: readonly string[], key: unknown): void {
    const name = place.at(-1) ?? ''
    const elsewhere = Object.hasOwn(section.elsewhere, name) ? section.elsewhere[name] : undefined
    this.problems.push({
      where: this.#place(this.#offsetOf(key)),
      key: place.join('.'),
      message: elsewhere === undefined ? 'there is no such key' : 'it does not belong here',
      fix: elsewhere ?? suggestion(section, name),
    })
  }

  #place(offset: number): string {
    const { line, col } = this.#lines.linePos(offset)
    return `${this.#name}:${line}:${col}`
  }

  #offsetOf(node: unknown): number {
    return (this.#tests.isNode(node) ? node.range?.[0] : undefined) ?? 0
  }

  #valueOf(node: unknown): unknown {
    return this.#tests.isNode(node) ? node.toJS(this.#document) : node
  }

  /** The part, or what it should be a part of. */
  #partOf(node: unknown, part: readonly PropertyKey[]): unknown {
    if (part.length === 0 || !this.#tests.isCollection(node)) return node
    return node.getIn(part, true) ?? this.#partOf(node, part.slice(0, -1))
  }
}

/** Which key was probably meant: of this section, or of the same name elsewhere. */
function suggestion(section: Section, name: string): string {
  const names = Object.keys(section.keys)
  const near = didYouMean(name, names)
  if (near !== undefined) return `did you mean ${near}?`
  const inner = settingsOf(section).find(({ path }) => path.at(-1) === name)
  return inner === undefined ? `the keys here are ${names.join(', ')}` : `did you mean ${inner.key}?`
}
