// The few shapes of oxlint's ESTree that our rules look at, and the rule contract they are written against.

/** Any node: rules narrow by `type` and read the fields they know. */
export interface Node {
  readonly type: string
  readonly parent?: Node
  readonly [field: string]: unknown
}

export interface Comment {
  readonly type: 'Line' | 'Block' | 'Shebang'
  readonly value: string
}

export interface Context {
  readonly filename: string
  readonly sourceCode: { getAllComments(): readonly Comment[] }
  report(diagnostic: { readonly node: Node | Comment; readonly message: string }): void
}

export type Visitor = Readonly<Record<string, (node: Node) => void>>

/** A rule in the form oxlint (and ESLint) expects. */
export interface Rule {
  readonly meta: { readonly docs: { readonly description: string } }
  create(context: Context): Visitor
}

/** The value of a string literal, or undefined when the node is anything else. */
export function stringValue(node: unknown): string | undefined {
  const literal = node as Node | null | undefined
  return literal?.type === 'Literal' && typeof literal['value'] === 'string' ? literal['value'] : undefined
}

/** Calls `seen` with every module name that a file imports in any form; type-only imports count. */
export function everyImport(seen: (specifier: string, node: Node) => void): Visitor {
  const source = (node: Node): void => {
    const specifier = stringValue(node['source'])
    if (specifier !== undefined) seen(specifier, node)
  }
  return {
    ImportDeclaration: source,
    ExportNamedDeclaration: source,
    ExportAllDeclaration: source,
    ImportExpression: source,
    TSImportType: source,
  }
}
